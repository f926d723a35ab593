-- Send calls that were signed beforehand: wrk ... -- FILE LENGTH, each call LENGTH bytes of FILE.
local calls, at = {}, 0

function init(args)
   local file = assert(io.open(args[1], "rb"))
   local length = tonumber(args[2])
   while true do
      local call = file:read(length)
      if not call then break end
      calls[#calls + 1] = call
   end
   file:close()
end

function request()
   at = at % #calls + 1
   return calls[at]
end

function done(summary, latency, _)
   local errors = summary.errors
   local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
   io.write(string.format(
      '\n{"answered": %d, "seconds": %f, "failed": %d, "p50": %f, "p99": %f}\n',
      summary.requests, summary.duration / 1e6, failed,
      latency:percentile(50) / 1e6, latency:percentile(99) / 1e6))
end
