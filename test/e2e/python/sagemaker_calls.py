"""Calls SageMaker's runtime API with boto3 as standard input says, one JSON object a line, until that ends.

A line is {"stream": BOOLEAN, "input": {PARAMETER: VALUE}, "body": BASE64}. What comes of it is told in lines too: for
a stream {"part": BASE64} for each part when it is there; then, last, {"done": {MEMBER: VALUE}} or {"error": ...}.
"""

import base64
import json
import sys

import boto3

runtime = boto3.client("sagemaker-runtime")


def tell(**line):
    print(json.dumps(line), flush=True)


def invoke(parameters):
    response = runtime.invoke_endpoint(**parameters)
    body = response.pop("Body").read()
    tell(done={**response, "Body": base64.b64encode(body).decode()})


def stream(parameters):
    response = runtime.invoke_endpoint_with_response_stream(**parameters)
    for event in response.pop("Body"):
        tell(part=base64.b64encode(event["PayloadPart"]["Bytes"]).decode())
    tell(done=response)


def tell_error(raised, error):
    details = error.response
    tell(error={"raised": raised, "code": details["Error"]["Code"], "message": details["Error"]["Message"], **details})


def call(line):
    parameters = {**line["input"], "Body": base64.b64decode(line["body"])}
    (stream if line["stream"] else invoke)(parameters)


for text in sys.stdin:
    try:
        call(json.loads(text))
    except runtime.exceptions.ValidationError as error:
        tell_error("ValidationError", error)
    except runtime.exceptions.ModelError as error:
        tell_error("ModelError", error)
    except runtime.exceptions.ModelNotReadyException as error:
        tell_error("ModelNotReadyException", error)
    except runtime.exceptions.ServiceUnavailable as error:
        tell_error("ServiceUnavailable", error)
    except runtime.exceptions.InternalFailure as error:
        tell_error("InternalFailure", error)
    except runtime.exceptions.ClientError as error:
        # What the service's model does not know, and what breaks off a stream (EventStreamError).
        tell_error(type(error).__name__, error)
