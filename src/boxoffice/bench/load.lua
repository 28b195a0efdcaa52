-- What wrk sends: the requests of a file in their order, around and around.
-- A line of the file has five fields: how many times in a row, 'send' or 'cancel', method, path, body.
-- BENCH_REQUESTS  the file
-- BENCH_PORTS     the ports of the servers; as many threads as ports, each for one of them
-- BENCH_INSPECT   none: answers are only counted; status: by status; follow: what they say counts, too
-- BENCH_PAUSE_MS  pause of a connection before each request
-- BENCH_AUTHORIZATION  this header of every request, if it is not empty

local EARLIER_MAX = 1000 -- bookings kept for being cancelled: enough to pick from

local threads = {}

function setup(thread)
  local ports = {}
  for port in os.getenv("BENCH_PORTS"):gmatch("%d+") do ports[#ports + 1] = port end
  thread.addr = wrk.lookup("127.0.0.1", ports[#threads % #ports + 1])[1]
  thread:set("number", #threads)
  thread:set("threads_count", #ports)
  threads[#threads + 1] = thread
end

function init()
  local authorization = os.getenv("BENCH_AUTHORIZATION")
  if authorization ~= "" then wrk.headers["Authorization"] = authorization end
  statuses, effects = {}, {}
  to_confirm, earlier, todo = {}, {}, {}
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    local times, what, method, path, body = line:match("^(%d+)\t(%a+)\t(%a+)\t([^\t]+)\t(.*)$")
    local text = "cancel"
    if what == "send" then text = format(method, path, body) end
    for _ = 1, tonumber(times) do todo[#todo + 1] = text end
  end
  place = math.floor(#todo * number / threads_count)
  follow = os.getenv("BENCH_INSPECT") == "follow"
  if os.getenv("BENCH_INSPECT") == "none" then response = nil end
  pause_ms = tonumber(os.getenv("BENCH_PAUSE_MS"))
  if pause_ms == 0 then delay = nil end
end

function format(method, path, body)
  if body == "" then return wrk.format(method, path) end
  local headers = {["Content-Type"] = "application/json"}
  for name, value in pairs(wrk.headers) do headers[name] = value end
  return wrk.format(method, path, headers, body)
end

function delay()
  return pause_ms
end

function request()
  local held = table.remove(to_confirm)
  if held then return wrk.format("POST", "/api/bookings/" .. held .. "/confirm") end
  place = place % #todo + 1
  local text = todo[place]
  if text ~= "cancel" then return text end
  local booked = table.remove(earlier)
  if booked then return wrk.format("DELETE", "/api/bookings/" .. booked) end
  return request()
end

local function count(counts, name)
  counts[name] = (counts[name] or 0) + 1
end

local function says(body, status)
  return body:find('"status":"' .. status .. '"', 1, true)
end

function response(status, _, body)
  count(statuses, tostring(status))
  if not follow or status > 201 then return end
  local id = body:match('"id":(%d+)')
  if status == 201 and says(body, "PENDING") then
    count(effects, "held")
    to_confirm[#to_confirm + 1] = id
  elseif says(body, "CONFIRMED") then
    count(effects, status == 201 and "booked" or "confirmed")
    if #earlier < EARLIER_MAX then earlier[#earlier + 1] = id end
  elseif says(body, "CANCELLED") then
    count(effects, "cancelled")
  end
end

local function say(name, value)
  io.write("RESULT\t", name, "\t", string.format("%.0f", value), "\n")
end

function done(summary, latency)
  say("duration_us", summary.duration)
  say("requests", summary.requests)
  say("refused", summary.errors.status)
  for _, name in ipairs({"connect", "read", "write", "timeout"}) do
    say("broken_" .. name, summary.errors[name])
  end
  for _, p in ipairs({50, 90, 99}) do say("p" .. p .. "_us", latency:percentile(p)) end
  say("max_us", latency.max)
  for _, thread in ipairs(threads) do
    for status, n in pairs(thread:get("statuses")) do say("status_" .. status, n) end
    for effect, n in pairs(thread:get("effects")) do say("effect_" .. effect, n) end
  end
end
