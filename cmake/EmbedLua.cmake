# Writes a C++ file with the text of each Lua file:
# cmake -DOUTPUT=prelude.cpp -DFILES="a.lua;b.lua" -P EmbedLua.cmake
string(CONCAT text
  "// Made from bindings/prelude/*.lua; do not edit.\n"
  "#include \"bindings/runtime/prelude.h\"\n\n"
  "namespace hfc::lua {\n\n"
  "const std::vector<PreludeFile>& prelude_files() {\n"
  "    static const std::vector<PreludeFile> files = {\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} content)
  string(APPEND text "        {\"${name}\", R\"prelude(${content})prelude\"},\n")
endforeach()
string(APPEND text "    };\n    return files;\n}\n\n}  // namespace hfc::lua\n")
file(WRITE ${OUTPUT} "${text}")
