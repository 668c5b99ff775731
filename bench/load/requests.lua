-- Sends the raw requests of a file in turn, and prints what came of it as the last line, in JSON.
local requests, count, turn = {}, 0, 0

function init(arguments)
  local file = assert(io.open(arguments[1], 'rb'))
  for raw in file:read('*a'):gmatch('[^\30]+') do
    count = count + 1
    requests[count] = raw
  end
  file:close()
end

function request()
  turn = turn % count + 1
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"answers":%d,"seconds":%.6f,"latencyMs":{"p50":%.3f,"p90":%.3f,"p99":%.3f,"max":%.3f},' ..
    '"faults":{"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(90) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
