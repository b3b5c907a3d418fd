"""A client on the official Python SDK. Argument: the endpoint. It prints a JSON document for each step, and does the
next step when it is given a line."""

import asyncio
import json
import sys

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from mcp.shared.exceptions import McpError


def say(**told):
    print(json.dumps(told), flush=True)


async def main():
    async with streamablehttp_client(sys.argv[1]) as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()

            async def call(tool):
                try:
                    result = await asyncio.wait_for(session.call_tool(tool, {}), 20)
                    return result.content[0].text
                except McpError as error:
                    return f"error {error.error.code}"

            say(counts=[await call("count"), await call("count")])
            slow = asyncio.create_task(call("slow"))
            await asyncio.sleep(0.3)
            say(waits=True)
            await asyncio.to_thread(sys.stdin.readline)
            say(slow=await slow, counts=[await call("count"), await call("count")])


asyncio.run(main())
