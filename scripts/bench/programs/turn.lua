-- Each of the given number of paths in turn: the last digit of the one that wrk was given becomes their number.
local requests = {}
local last = 0

function init(args)
  local base = wrk.path:sub(1, -2)
  for number = 1, tonumber(args[1]) do
    requests[number] = wrk.format("GET", base .. (number - 1))
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end
