"""A session's three steps as SageMaker's documentation has them, word for word but for the last lines.

Where the endpoint is, and with which credentials it is asked, stands in the environment as for any program of boto3.
"""

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
print(f"Session ID: {session_id}")

# Send requests with the session ID
response = runtime.invoke_endpoint(
    EndpointName='my-endpoint',
    ContentType='application/json',
    SessionId=session_id,
    Body=json.dumps({"prompt": "What is in this image?"})
)

result = json.loads(response['Body'].read())

# Close the session when done to free resources
response = runtime.invoke_endpoint(
    EndpointName='my-endpoint',
    ContentType='application/json',
    SessionId=session_id,
    Body=json.dumps({"requestType": "CLOSE"})
)

print(json.dumps(result))
print(response['ClosedSessionId'])
