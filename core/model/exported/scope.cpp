#include "model/exported/scope.h"

#include <algorithm>

namespace hfc::model::exported {
namespace {

/// A graph of 2000 nodes has about 200 000 values.
constexpr int64_t most_values = 1'000'000;
constexpr int deepest = 100;

}  // namespace

Json parse_json(const std::string& text, const std::string& what) {
    int64_t values = 0;
    const auto within_limits = [&](int depth, Json::parse_event_t event, Json& value) {
        expect(++values <= most_values, "its {} has more than {} values", what, most_values);
        expect(depth <= deepest, "its {} is nested deeper than {} levels", what, deepest);
        // The nodes' positions in the Python source make up most of the file and are never used.
        return !(event == Json::parse_event_t::key && value == "stack_trace");
    };
    try {
        auto json = Json::parse(text, within_limits);
        expect(json.is_object(), "its {} is not a JSON object", what);
        return json;
    } catch (const Json::exception& error) {
        malformed("its {} is not valid JSON", what);
    }
}

const Json& member(const Json& object, const char* key) {
    expect(object.is_object(), "a value in its graph is not an object with the member '{}'", key);
    const auto found = object.find(key);
    expect(found != object.end(), "'{}' is missing from its graph", key);
    return *found;
}

const std::string& text_member(const Json& object, const char* key) {
    const auto& value = member(object, key);
    expect(value.is_string(), "'{}' in its graph is not a string", key);
    return value.get_ref<const std::string&>();
}

const Json& list_member(const Json& object, const char* key) {
    const auto& value = member(object, key);
    expect(value.is_array(), "'{}' in its graph is not a list", key);
    return value;
}

int64_t integer_of(const Json& value) {
    expect(value.is_number_integer() &&
               (!value.is_number_unsigned() || value.get<uint64_t>() <= INT64_MAX),
           "a value in its graph is not an integer");
    return value.get<int64_t>();
}

std::pair<std::string, const Json&> only_member(const Json& object) {
    expect(object.is_object() && object.size() == 1, "an argument in its graph is invalid");
    return {object.begin().key(), object.begin().value()};
}

Shape shape_of(const Json& meta) {
    Shape shape;
    for (const auto& size : list_member(meta, "sizes")) {
        const auto [kind, value] = only_member(size);
        shape.push_back(kind == "as_int" ? integer_of(value) : -1);
        expect(shape.back() >= 0 || kind == "as_expr" || kind == "as_name",
               "a size in its graph is invalid");
    }
    expect(shape.size() <= 16, "a tensor in its graph has {} dimensions, expected at most 16",
           shape.size());
    return shape;
}

int Scope::define(const std::string& name, Kind kind) {
    expect(values_.emplace(name, Value{count_, kind}).second, "'{}' is defined twice", name);
    return count_++;
}

const Scope::Value& Scope::find(const std::string& name) const {
    const auto found = values_.find(name);
    expect(found != values_.end(), "it reads '{}', which is not yet defined", name);
    return found->second;
}

int Scope::find_tensor(const std::string& name) const {
    const auto& value = find(name);
    expect(value.kind == Kind::tensor, "'{}' is not a tensor", name);
    return value.slot;
}

Element size_element(const Json& given, const Scope& scope) {
    if (given.is_number_integer()) {
        return {-1, integer_of(given)};
    }
    const auto [kind, value] = only_member(given);
    if (kind == "as_int") {
        return {-1, integer_of(value)};
    }
    expect(kind == "as_name" && value.is_string(), "it contains an invalid size");
    const auto& found = scope.find(value.get_ref<const std::string&>());
    expect(found.kind == Kind::integer, "'{}' is not an integer", value.get<std::string>());
    return {found.slot, {}};
}

std::vector<StackEntry> module_stack(const Json& node) {
    std::vector<StackEntry> layers;
    const auto metadata = node.find("metadata");
    if (metadata == node.end() || !metadata->is_object()) {
        return layers;
    }
    const auto stack = metadata->find("nn_module_stack");
    if (stack == metadata->end() || !stack->is_string()) {
        return layers;
    }
    const auto& text = stack->get_ref<const std::string&>();
    for (size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(';', begin), text.size());
        const auto entry = text.substr(begin, end - begin);
        const auto first = entry.find(',');
        const auto last = entry.rfind(',');
        if (first != std::string::npos && first != last) {
            layers.push_back({without_call(entry.substr(first + 1, last - first - 1)),
                              entry.substr(last + 1), entry.substr(0, first)});
        }
        begin = end + 1;
    }
    return layers;
}

}  // namespace hfc::model::exported
