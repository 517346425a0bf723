/* Lua: calls, tables, strings, closures and garbage, in the reference interpreter. */
#include "bench.h"
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"
static const char script[] =
    "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end\n"
    "local sum = fib(22)\n"
    "local primes, flags = 0, {}\n"
    "for i = 2, 20000 do flags[i] = true end\n"
    "for i = 2, 20000 do if flags[i] then primes = primes + 1; for j = i * i, 20000, i do flags[j] = false end end end\n"
    "local words = {}\n"
    "for i = 1, 3000 do local w = string.format('%x', i * 7919 % 1021); words[w] = (words[w] or 0) + i end\n"
    "local keys = {}\n"
    "for k in pairs(words) do keys[#keys + 1] = k end\n"
    "table.sort(keys)\n"
    "for i, k in ipairs(keys) do sum = sum + words[k] * i % 97 end\n"
    "local joined = table.concat(keys, ',')\n"
    "local count = select(2, joined:gsub('%x+', function(w) return w:upper() end))\n"
    "local point = setmetatable({}, {__index = function(_, k) return k * 2 end})\n"
    "for i = 1, 20000 do local p = {x = i, y = point[i]}; sum = sum + p.x * p.y % 13 end\n"
    "local m = {}\n"
    "for i = 1, 40 do m[i] = {}; for j = 1, 40 do m[i][j] = i / j end end\n"
    "local trace = 0.0\n"
    "for i = 1, 40 do for j = 1, 40 do for k = 1, 40 do trace = trace + m[i][k] * m[k][j] end end end\n"
    "return math.tointeger(sum + primes + count + #joined + math.floor(trace) // 1)\n";
uint64_t kernel(void) {
  lua_State* state = luaL_newstate();
  luaL_openlibs(state);
  if (luaL_dostring(state, script)) {
    printf("lua: %s\n", lua_tostring(state, -1));
    exit(1);
  }
  uint64_t result = (uint64_t)lua_tointeger(state, -1);
  lua_close(state);
  return result;
}
