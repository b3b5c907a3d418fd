"""One replica of an MCP server on the official Python SDK, with its sessions in its memory. Arguments: name, port."""

import asyncio
import sys

from mcp.server.fastmcp import Context, FastMCP

name, port = sys.argv[1], int(sys.argv[2])
server = FastMCP("test", host="127.0.0.1", port=port, log_level="CRITICAL")
counts = {}


@server.tool()
def count(ctx: Context) -> str:
    session = id(ctx.session)
    counts[session] = counts.get(session, 0) + 1
    return f"{name} {counts[session]}"


@server.tool()
async def slow() -> str:
    await asyncio.sleep(60)
    return name


server.run(transport="streamable-http")
