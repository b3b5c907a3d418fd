-- For wrk: wrk ... -s wrk.lua URL -- TEMPLATE SESSIONS
-- TEMPLATE is a file with a whole request, in which @SESSION@ stands for the session key. The requests of all
-- sessions are made at the start and sent in turn, so that a request costs the generator as little as it can.
local requests = {}
local count = 0
local turn = 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local template = file:read("*a")
  file:close()
  count = tonumber(args[2])
  for i = 1, count do
    requests[i] = template:gsub("@SESSION@", string.format("s-%04d", i - 1))
  end
end

function request()
  turn = turn % count + 1
  return requests[turn]
end

-- One line of JSON; times are microseconds.
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"p999Us":%d,"failedSockets":%d,"notOk":%d,"timeouts":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    e.connect + e.read + e.write, e.status, e.timeout
  ))
end
