// torch.save and torch.load: tensors, and tables of them, in safetensors, npz and npy; PyTorch's
// own files are read.
#include "bindings/runtime/registry.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include "base/device.h"
#include "tensor_file/tensor_file.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace hfc::lua {
namespace {

using tensor_file::NamedTensors;
using Json = nlohmann::ordered_json;

/// Where a safetensors file says what else than named tensors the value was.
constexpr const char* structure_key = "hfc_structure";
constexpr int deepest = 64;

/// A Lua value as its tensors, named by their path, and the rest as JSON: numbers, booleans and
/// texts as themselves, a tensor as
/// {"tensor": name}, a table as {"table": [[key, value], ...]}.
struct Flattened {
    NamedTensors tensors;
    Json structure;
    bool plain = true;  ///< a tensor, or a table text -> tensor: no structure need be kept
};

std::string key_text(lua_State* L, int index) {
    const int type = lua_type(L, index);
    require(type == LUA_TSTRING || type == LUA_TNUMBER, "a key must be a text or a number, got {}",
            describe(L, index));
    require(type == LUA_TSTRING || std::isfinite(lua_tonumber(L, index)),
            "a key must be a text or a finite number, got {}", describe(L, index));
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
        require(depth < deepest,
                "tables nested deeper than {} levels, or a table that contains itself", deepest);
        luaL_checkstack(L_, 8, "tables nested too deep");
        if (const at::Tensor* tensor = to_tensor(L_, index)) {
            return {{"tensor", add(path.empty() ? "tensor" : path, *tensor)}};
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
                return Value(L_, index, "text").text();
            default:
                fail("{} at '{}' cannot be saved: tensors, tables, numbers, booleans and texts can",
                     describe(L_, index), path);
        }
    }

    /// JSON has no word for them.
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
            entries.push_back({named ? Json(key) : Json(lua_tonumber(L_, -2)), std::move(value)});
            lua_pop(L_, 1);
        }
        // Lua's order of keys changes from run to run; files should not.
        std::sort(entries.begin(), entries.end(),
                  [](const Json& a, const Json& b) { return a[0] < b[0]; });
        return entries;
    }

    /// Two paths may read the same: {["a.b"] = x, a = {b = y}}.
    std::string add(std::string name, const at::Tensor& tensor) {
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

bool is_safetensors(const std::string& path) {
    return path.ends_with(".safetensors");
}

int save(Call& call) {
    call.at_most(2);
    auto value = Flattener(call.L).run(1);
    const std::string path = call.argument(2, "path").text();
    std::sort(value.tensors.begin(), value.tensors.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    tensor_file::Metadata metadata;
    if (!value.plain && is_safetensors(path)) {
        metadata[structure_key] = value.structure.dump();
    }
    const bool single = to_tensor(call.L, 1) != nullptr;
    require(value.plain || single || is_safetensors(path),
            "'{}' can hold a tensor or a table name -> Tensor; a table with other values goes into "
            "a .safetensors file",
            path);
    tensor_file::save(path, value.tensors, metadata);
    return 0;
}

/// Pushes what Flattener made JSON of.
class Rebuilder {
  public:
    Rebuilder(lua_State* L, const std::string& path, const NamedTensors& tensors)
        : L_(L), path_(path) {
        for (const auto& [name, tensor] : tensors) {
            tensors_[name] = tensor;
        }
    }

    void push_value(const Json& value, int depth) {
        luaL_checkstack(L_, 8, "tables nested too deep");
        if (value.is_boolean()) {
            push(L_, value.get<bool>());
        } else if (value.is_number()) {
            push(L_, value.get<double>());
        } else if (value.is_string()) {
            push(L_, value.get<std::string>());
        } else if (value.is_object() && value.contains("number") && value["number"].is_string()) {
            push(L_, std::strtod(value["number"].get<std::string>().c_str(), nullptr));
        } else if (value.is_object() && value.contains("tensor") && value["tensor"].is_string()) {
            const auto found = tensors_.find(value["tensor"].get<std::string>());
            require(found != tensors_.end(),
                    "'{}': its structure names a tensor that it does not hold", path_);
            push(L_, found->second);
        } else {
            push_table(value, depth);
        }
    }

  private:
    void push_table(const Json& value, int depth) {
        const bool valid = depth < deepest && value.is_object() && value.contains("table") &&
                           value["table"].is_array();
        require(valid, "'{}': its structure is damaged", path_);
        lua_newtable(L_);
        for (const auto& entry : value["table"]) {
            require(entry.is_array() && entry.size() == 2 &&
                        (entry[0].is_string() || entry[0].is_number()),
                    "'{}': its structure is damaged", path_);
            push_value(entry[0], depth + 1);
            push_value(entry[1], depth + 1);
            lua_rawset(L_, -3);
        }
    }

    lua_State* L_;
    const std::string& path_;
    std::map<std::string, at::Tensor> tensors_;
};

int load(Call& call) {
    call.at_most(2);
    const std::string path = call.argument(1, "path").text();
    auto options = call.options(2);
    const at::Device device = parse_device(options.text("map_location", "cpu"));
    options.finish();
    tensor_file::Metadata metadata;
    auto tensors = tensor_file::load(path, &metadata);
    for (auto& [name, tensor] : tensors) {
        tensor = tensor.to(device);
    }
    if (const auto structure = metadata.find(structure_key); structure != metadata.end()) {
        const auto json = Json::parse(structure->second, nullptr, /*allow_exceptions=*/false);
        Rebuilder(call.L, path, tensors).push_value(json, 0);
        return 1;
    }
    if (tensors.size() == 1 && tensors[0].first.empty()) {
        return call.returns(tensors[0].second);
    }
    lua_createtable(call.L, 0, static_cast<int>(tensors.size()));
    for (const auto& [name, tensor] : tensors) {
        push(call.L, name);
        push(call.L, tensor);
        lua_rawset(call.L, -3);
    }
    return 1;
}

const std::vector<Declaration> file_declarations = {
    {"torch.save", save,
     "torch.save(value, path)\n\nWrites a tensor or a table name -> Tensor as .safetensors, .npz "
     "or .npy (one tensor), which Python's "
     "safetensors and numpy read. A .safetensors file also holds nested tables, numbers, booleans "
     "and texts (an optimizer's state_dict()). "
     "The file is written whole or not at all. Errors: an unknown extension, a value that cannot "
     "be saved, no space, no permission."},
    {"torch.load", load,
     "torch.load(path, {map_location = \"cpu\"}) -> what was saved\n\nReads .safetensors, .npz, "
     ".npy, and PyTorch's .pt and .pth: tensors "
     "and "
     "plain containers of them under dotted names, nothing in the file is executed. A table name "
     "-> Tensor, or the value that torch.save "
     "wrote. Errors: a damaged or truncated file, or one that wants to run code, saying what is "
     "wrong in it."},
};

}  // namespace

namespace detail {

void register_files(lua_State* L) {
    declare(L, file_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
