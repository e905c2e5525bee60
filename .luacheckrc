std = "luajit"
globals = {"torch", "hfc"}
read_globals = {"help", "apropos"}
max_line_length = 160
self = false
exclude_files = {".venv", "build", "tests/fixtures"}
-- The prelude defines what scripts only use, and wraps some of Lua's own; luaunit finds test classes among the globals.
files["bindings/prelude"] = {globals = {"help", "apropos", "print", "load", "loadstring", "loadfile", "dofile"}}
files["tests/lua"] = {allow_defined_top = true, globals = {"print"}}
