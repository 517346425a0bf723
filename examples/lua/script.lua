-- Exercises the parts of Lua that stress an engine: closures, coroutines, string patterns, tables, pcall
-- (setjmp and longjmp below), integers and floats.
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print("fib(22)", fib(22))

local words = {}
for word in ("the quick brown fox jumps over the lazy dog"):gmatch("%a+") do words[#words + 1] = word end
table.sort(words, function(a, b) return #a < #b or (#a == #b and a < b) end)
print(table.concat(words, " "))

local generate = coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i * i) end end)
local squares = {}
for square in generate do squares[#squares + 1] = square end
print(table.concat(squares, ","))

print(pcall(error, {code = 42}) == false, select(2, pcall(error, "message", 0)))
print(select(2, pcall(function() local t = nil; return t.x end)))
for depth = 1, 3 do
  local ok, message = pcall(function() error(("depth %d"):format(depth)) end)
  print(ok, message)
end

print(string.format("%5.2f %d %x %q", math.pi, 1 << 40, 255, "a\nb"), 7 // 2, 7 % -3, 2 ^ 0.5)
local set = setmetatable({}, {__index = function(_, key) return key .. "!" end, __call = function(_, x) return x * 2 end})
print(set.hello, set(21))
local parts = {}
for key, value in pairs({10, 20, 30}) do parts[#parts + 1] = key .. "=" .. value end
print(table.concat(parts, " "), #arg, arg[1])

local file = assert(io.open("out.txt", "w"))
for i = 1, 100 do file:write(i, "\n") end
file:close()
local sum = 0
for line in io.lines("out.txt") do sum = sum + tonumber(line) end
print("sum", sum, os.remove("out.txt"))
collectgarbage()
print(collectgarbage("count") > 0)
