"""Calls of SageMaker's runtime API with boto3, as lines of JSON on standard input and their outcomes on standard
output: python with_boto3.py. A call's "Body" is base64; "stream": true asks for an event stream."""

import base64
import json
import sys

import boto3
from botocore.exceptions import ClientError

runtime = boto3.client("sagemaker-runtime")
classes = (
    "InternalDependencyException",
    "InternalFailure",
    "InternalStreamFailure",
    "ModelError",
    "ModelNotReadyException",
    "ModelStreamError",
    "ServiceUnavailable",
    "ValidationError",
)


def encode(content):
    return base64.b64encode(content).decode()


def class_of(error):
    """The name by which `except runtime.exceptions.NAME` takes it; otherwise its own."""
    for name in classes:
        if isinstance(error, getattr(runtime.exceptions, name)):
            return name
    return type(error).__name__


def invoke(stream, body, parameters, parts):
    parameters["Body"] = base64.b64decode(body)
    if not stream:
        response = runtime.invoke_endpoint(**parameters)
        return response, response.pop("Body").read()
    response = runtime.invoke_endpoint_with_response_stream(**parameters)
    for event in response.pop("Body"):
        parts.append(encode(event["PayloadPart"]["Bytes"]))
    return response, b""


for line in sys.stdin:
    call = json.loads(line)
    parts = []
    try:
        response, body = invoke(call.pop("stream"), call.pop("Body"), call, parts)
        outcome = {"response": response, "Body": encode(body), "parts": parts}
    except ClientError as error:
        outcome = {
            "exception": class_of(error),
            "text": str(error),
            "response": error.response,
            "parts": parts,
        }
    print(json.dumps(outcome, default=str), flush=True)
