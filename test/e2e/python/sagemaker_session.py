"""The three steps of a session as the documentation of its containers has them, word for word but for what is
printed. Where the endpoint is, and for whom, comes from the environment: python sagemaker_session.py"""

import boto3
import json

runtime = boto3.client('sagemaker-runtime')

# Create a new session using SessionId parameter
response = runtime.invoke_endpoint(
    EndpointName='my-endpoint',
    ContentType='application/json',
    SessionId="NEW_SESSION",
    Body=json.dumps({"requestType": "NEW_SESSION"})
)

# Get session ID from response header
# Header format: "<uuid>; Expires=<timestamp>"
header_value = response['ResponseMetadata']['HTTPHeaders']['x-amzn-sagemaker-new-session-id']
session_id = header_value.split(";")[0].strip()
print(json.dumps({"header": header_value, "parameter": response['NewSessionId'], "id": session_id}))

# Send requests with the session ID
response = runtime.invoke_endpoint(
    EndpointName='my-endpoint',
    ContentType='application/json',
    SessionId=session_id,
    Body=json.dumps({"prompt": "What is in this image?"})
)

result = json.loads(response['Body'].read())
print(json.dumps(result))

# Close the session when done to free resources
response = runtime.invoke_endpoint(
    EndpointName='my-endpoint',
    ContentType='application/json',
    SessionId=session_id,
    Body=json.dumps({"requestType": "CLOSE"})
)
print(json.dumps({"closed": response['ClosedSessionId']}))
