// torch.save: tensors and tables of them, in safetensors, npz and npy.
#include "bindings/torch/files.h"

#include "bindings/runtime/registry.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include "tensor_file/tensor_file.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace hfc::lua {
namespace {

using tensor_file::NamedTensors;
using Json = StructureJson;

bool is_utf8(const std::string& text) {
    return Json(text).dump(-1, ' ', false, Json::error_handler_t::ignore) ==
           Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string hexadecimal(const std::string& bytes) {
    std::string digits;
    for (const unsigned char byte : bytes) {
        digits += fmt::format("{:02x}", byte);
    }
    return digits;
}

Json string_json(const std::string& text) {
    return is_utf8(text) ? Json(text) : Json{{"bytes", hexadecimal(text)}};
}

/// Makes a name for a tensor: replaces every byte outside ASCII.
std::string ascii(std::string text) {
    std::ranges::replace_if(
        text, [](unsigned char byte) { return byte >= 0x80; }, '?');
    return text;
}

/// Whether the table on the top of the stack has a function state_dict, possibly inherited through
/// __index. Does not call any function of the script.
bool inherits_state_dict(lua_State* L) {
    constexpr int deepest = 16;
    const int top = lua_gettop(L);
    bool found = false;
    for (int depth = 0; depth < deepest && !found && lua_istable(L, -1); ++depth) {
        lua_pushliteral(L, "state_dict");
        lua_rawget(L, -2);
        found = lua_isfunction(L, -1) != 0;
        lua_pop(L, 1);
        if (lua_getmetatable(L, -1) == 0) {
            break;
        }
        lua_pushliteral(L, "__index");
        lua_rawget(L, -2);
        luaL_checkstack(L, 4, "the chain of metatables is too long");
    }
    lua_settop(L, top);
    return found;
}

}  // namespace

bool has_state_dict(lua_State* L, int index) {
    const int top = lua_gettop(L);
    bool found = false;
    if (lua_getmetatable(L, index) != 0) {
        for (const char* const field : {"methods", "__index"}) {
            lua_pushstring(L, field);
            lua_rawget(L, top + 1);
            found = found || inherits_state_dict(L);
            lua_settop(L, top + 1);
        }
    }
    lua_settop(L, top);
    return found;
}

namespace {

std::string key_text(lua_State* L, int index) {
    const int type = lua_type(L, index);
    if (type == LUA_TBOOLEAN) {
        return lua_toboolean(L, index) != 0 ? "True" : "False";
    }
    require(type == LUA_TSTRING || type == LUA_TNUMBER,
            "a key must be a string, a number or a boolean, got {}", describe(L, index));
    require(type == LUA_TSTRING || std::isfinite(lua_tonumber(L, index)),
            "a key must be a string, a boolean or a finite number, got {}", describe(L, index));
    return type == LUA_TSTRING ? Value(L, index, "key").text()
                               : fmt::format("{}", lua_tonumber(L, index));
}

class Flattener {
  public:
    explicit Flattener(lua_State* L) : L_(L) {}

    Flattened run(int index) {
        result_.structure = flatten(index, "", 0);
        result_.plain = result_.plain && to_tensor(L_, index) == nullptr;
        return std::move(result_);
    }

  private:
    Json flatten(int index, const std::string& path, int depth) {
        require(depth < deepest_structure,
                "the tables are nested more than {} levels deep, or a table contains itself",
                deepest_structure);
        luaL_checkstack(L_, 8, "tables nested too deeply");
        if (const at::Tensor* tensor = to_tensor(L_, index)) {
            return {{"tensor", add(depth == 0 ? "tensor" : path, *tensor)}};
        }
        if (has_state_dict(L_, index)) {
            refuse_object(path);
        }
        switch (lua_type(L_, index)) {
            case LUA_TTABLE:
                return {{"table", flatten_table(index, path, depth)}};
            case LUA_TNUMBER:
                result_.plain = false;
                return number(lua_tonumber(L_, index));
            case LUA_TBOOLEAN:
                result_.plain = false;
                return lua_toboolean(L_, index) != 0;
            case LUA_TSTRING:
                result_.plain = false;
                return string_json(Value(L_, index, "string").text());
            default:
                fail(
                    "{} at '{}' cannot be saved: expected a tensor, a table, a number, a boolean "
                    "or a string",
                    describe(L_, index), path);
        }
    }

    [[noreturn]] static void refuse_object(const std::string& path) {
        require(!path.empty(),
                "expected a Tensor or a table of Tensors, got a network or a similar object; "
                "to save its state, write torch.save(net:state_dict(), \"x.safetensors\")");
        fail("the object at '{}' cannot be saved, but its state can; write {} = net:state_dict()",
             path, path.substr(path.rfind('.') + 1));
    }

    /// JSON cannot represent infinities and NaN.
    static Json number(double value) {
        return std::isfinite(value) ? Json(value)
                                    : Json{{"number", std::isnan(value) ? "nan"
                                                      : value > 0       ? "inf"
                                                                        : "-inf"}};
    }

    Json flatten_table(int index, const std::string& path, int depth) {
        Json entries = Json::array();
        result_.plain = result_.plain && depth == 0;
        lua_pushnil(L_);
        while (lua_next(L_, index) != 0) {
            const std::string key = key_text(L_, lua_gettop(L_) - 1);
            const bool named = lua_type(L_, -2) == LUA_TSTRING;
            result_.plain = result_.plain && named && depth == 0;
            Json value = flatten(lua_gettop(L_), path.empty() ? key : path + "." + key, depth + 1);
            entries.push_back({json_key(key), std::move(value)});
            lua_pop(L_, 1);
        }
        // Sorted so that every run writes the same file, although the order of Lua's keys varies.
        std::sort(entries.begin(), entries.end(),
                  [](const Json& a, const Json& b) { return a[0] < b[0]; });
        return entries;
    }

    /// The key below the value on the top of the stack; `text` is the same key as a string.
    Json json_key(const std::string& text) {
        switch (lua_type(L_, -2)) {
            case LUA_TSTRING:
                return string_json(text);
            case LUA_TBOOLEAN:
                return lua_toboolean(L_, -2) != 0;
            default:
                return lua_tonumber(L_, -2);
        }
    }

    /// Two paths may look the same: {["a.b"] = x, a = {b = y}}. A name must not be empty and must
    /// be valid UTF-8.
    std::string add(const std::string& path, const at::Tensor& tensor) {
        auto name = path.empty() ? "tensor" : is_utf8(path) ? path : ascii(path);
        result_.plain = result_.plain && name == path;
        while (!names_.insert(name).second) {
            name += "'";
            result_.plain = false;
        }
        result_.tensors.emplace_back(name, tensor);
        return name;
    }

    lua_State* L_;
    Flattened result_;
    std::unordered_set<std::string> names_;
};

}  // namespace

Flattened flatten_value(lua_State* L, int index) {
    return Flattener(L).run(index);
}

namespace {

bool holds_structure(const std::string& path) {
    return path.ends_with(".safetensors") || path.ends_with(".npz");
}

int save(Call& call) {
    call.at_most(2);
    auto value = flatten_value(call.L, 1);
    const std::string path = call.argument(2, "path").text();
    std::sort(value.tensors.begin(), value.tensors.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    tensor_file::Metadata metadata;
    if (!value.plain && holds_structure(path)) {
        metadata[structure_key] = value.structure.dump();
    }
    const bool single = to_tensor(call.L, 1) != nullptr;
    require(value.plain || single || !path.ends_with(".npy"),
            "'{}' can contain only one Tensor; save tables as .safetensors or .npz", path);
    tensor_file::save(path, value.tensors, metadata);
    return 0;
}

const std::vector<Declaration> file_declarations = {
    {"torch.save", save,
     "torch.save(value, path)\n\n"
     "Writes a tensor or a table to a .safetensors or .npz file, or a single tensor to a .npy "
     "file. Python's safetensors and numpy packages can read these files.\n"
     "A table, such as an optimizer's state_dict(), may contain tensors, numbers, booleans, "
     "strings and tables of these, with string, number or boolean keys. Tensors in nested tables "
     "get dotted names: {net = {weight = w}} writes \"net.weight\". If the table contains anything "
     "other than named tensors, the file also stores its structure, so torch.load returns the same "
     "table.\n"
     "The file is either written completely or not at all. To save a network, save its state: "
     "torch.save(net:state_dict(), \"x.safetensors\").\n"
     "Errors: an unknown extension, a value that cannot be saved, no space, no permission."},
};

}  // namespace

namespace detail {

void register_files(lua_State* L) {
    declare(L, file_declarations);
    register_loading(L);
}

}  // namespace detail
}  // namespace hfc::lua
