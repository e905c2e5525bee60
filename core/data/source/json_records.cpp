#include "data/source/json_records.h"

#include "base/error.h"
#include "base/json_depth.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace hfc::data {
namespace {

using Json = nlohmann::json;

/// The name of a field and the member of JsonRecord that stores it.
struct Field {
    const char* name;
    std::optional<double> JsonRecord::*number = nullptr;
    std::optional<std::string> JsonRecord::*string = nullptr;
    std::optional<std::vector<double>> JsonRecord::*numbers = nullptr;
};

const Field all_fields[] = {
    {"id", &JsonRecord::id, nullptr, nullptr},
    {"image_id", &JsonRecord::image_id, nullptr, nullptr},
    {"category_id", &JsonRecord::category_id, nullptr, nullptr},
    {"area", &JsonRecord::area, nullptr, nullptr},
    {"iscrowd", &JsonRecord::iscrowd, nullptr, nullptr},
    {"height", &JsonRecord::height, nullptr, nullptr},
    {"width", &JsonRecord::width, nullptr, nullptr},
    {"score", &JsonRecord::score, nullptr, nullptr},
    {"file_name", nullptr, &JsonRecord::file_name, nullptr},
    {"name", nullptr, &JsonRecord::name, nullptr},
    {"bbox", nullptr, nullptr, &JsonRecord::bbox},
};

/// Called by the parser for each token. Depth 1 is inside the outermost value.
class Handler : public nlohmann::json_sax<Json> {
  public:
    Handler(const std::filesystem::path& path, const std::vector<JsonList>& lists)
        : path_(path), lists_(lists), seen_(lists.size(), false) {
        record_depth_ = lists.front().name.empty() ? 2 : 3;
    }

    void require_all_seen() const {
        for (size_t i = 0; i < lists_.size(); ++i) {
            require(seen_[i], "'{}': expected the list '{}' in the top-level object, found none",
                    path_.string(), lists_[i].name);
        }
    }

    bool null() override { return value("null"); }
    bool boolean(bool value) override {
        // Some programs write "iscrowd": false.
        return number(value ? 1 : 0, "a boolean", field_ && field_->number == &JsonRecord::iscrowd);
    }
    bool number_integer(number_integer_t value) override {
        return number(static_cast<double>(value), "a number", true);
    }
    bool number_unsigned(number_unsigned_t value) override {
        return number(static_cast<double>(value), "a number", true);
    }
    bool number_float(number_float_t value, const string_t&) override {
        return number(value, "a number", true);
    }
    bool string(string_t& text) override {
        if (at_field() && field_->string) {
            record_.*(field_->string) = std::move(text);
            return true;
        }
        return value("a string");
    }
    bool binary(binary_t&) override { return value("bytes"); }

    bool start_object(std::size_t) override {
        value("an object");
        enter();
        if (depth_ == record_depth_ && list_) {
            record_ = {};
        }
        return true;
    }
    bool key(string_t& name) override {
        if (depth_ == 1) {
            find_list(name);
        }
        field_ = nullptr;
        if (list_ && depth_ == record_depth_) {
            find_field(name);
        }
        return true;
    }
    bool end_object() override {
        if (list_ && depth_ == record_depth_) {
            list_->take(record_, place_++);
        }
        leave();
        return true;
    }
    bool start_array(std::size_t) override {
        if (depth_ == 0 && record_depth_ == 2) {
            find_list("");
        } else if (depth_ == 1 && record_depth_ == 3) {
            // Either the list that find_list() has found or a list to skip.
        } else if (at_field() && field_->numbers) {
            (record_.*(field_->numbers)).emplace();
        } else {
            value("a list");
        }
        enter();
        return true;
    }
    bool end_array() override {
        leave();
        return true;
    }
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& error) override {
        const std::string text = error.what();
        const auto begin = text.find("] ");
        fail("'{}': invalid JSON at byte {}: {}", path_.string(), position,
             begin == std::string::npos ? text : text.substr(begin + 2));
    }

  private:
    void enter() {
        require(++depth_ <= deepest_json, "'{}': the JSON is nested deeper than {} levels",
                path_.string(), deepest_json);
    }
    void leave() {
        --depth_;
        if (depth_ == 1 && record_depth_ == 3) {
            list_ = nullptr;
        }
    }

    void find_list(const std::string& name) {
        list_ = nullptr;
        for (size_t i = 0; i < lists_.size(); ++i) {
            if (lists_[i].name == name) {
                require(!seen_[i], "'{}' contains the list '{}' twice", path_.string(), name);
                list_ = &lists_[i];
                seen_[i] = true;
                place_ = 0;
            }
        }
    }

    void find_field(const std::string& name) {
        if (std::ranges::find(list_->fields, name) != list_->fields.end()) {
            field_ = std::ranges::find(all_fields, name, &Field::name);
        }
    }

    bool at_field() const { return field_ && depth_ == record_depth_; }

    bool number(double number, const char* what, bool fits) {
        if (fits && at_field() && field_->number) {
            record_.*(field_->number) = number;
            return true;
        }
        if (fits && field_ && field_->numbers && depth_ == record_depth_ + 1) {
            (record_.*(field_->numbers))->push_back(number);
            return true;
        }
        return value(what);
    }

    /// Handles a value that is not stored. Throws Error if a different type is required here.
    bool value(const char* what) {
        if (depth_ == 0 && record_depth_ == 2) {
            fail("'{}': expected a list of records, found {}", path_.string(), what);
        }
        if (depth_ == 0 && std::string_view(what) != "an object") {
            fail("'{}': expected an object with the list '{}', found {}", path_.string(),
                 lists_.front().name, what);
        }
        if (list_ && depth_ == record_depth_ - 2 && record_depth_ == 3) {
            fail("'{}': '{}' must be a list, found {}", path_.string(), list_->name, what);
        }
        if (list_ && depth_ == record_depth_ - 1 && std::string_view(what) != "an object") {
            fail("'{}': {} must be an object, found {}", path_.string(),
                 describe_record(*list_, {}, place_), what);
        }
        if (field_ && depth_ >= record_depth_) {
            refuse_field(what);
        }
        return true;
    }

    [[noreturn]] void refuse_field(const char* what) const {
        const auto* expected = field_->number   ? "a number"
                               : field_->string ? "a string"
                                                : "a list of four numbers";
        fail("'{}': {}: '{}' must be {}, found {}{}", path_.string(),
             describe_record(*list_, record_, place_), field_->name, expected, what,
             depth_ > record_depth_ ? " in it" : "");
    }

    const std::filesystem::path& path_;
    const std::vector<JsonList>& lists_;
    std::vector<bool> seen_;
    int record_depth_;  ///< inside a record
    int depth_ = 0;
    const JsonList* list_ = nullptr;  ///< that is being read
    const Field* field_ = nullptr;    ///< whose value comes next
    int64_t place_ = 0;
    JsonRecord record_;
};

}  // namespace

void read_json_records(std::string_view text, const std::filesystem::path& path,
                       const std::vector<JsonList>& lists) {
    Handler handler(path, lists);
    Json::sax_parse(text.begin(), text.end(), &handler);
    handler.require_all_seen();
}

std::string describe_record(const JsonList& list, const JsonRecord& record, int64_t place) {
    return fmt::format("entry {}{}{}", place + 1,
                       list.name.empty() ? "" : fmt::format(" of '{}'", list.name),
                       record.id ? fmt::format(" (id {})", *record.id) : "");
}

int64_t require_whole(const std::optional<double>& field, const char* name,
                      const std::filesystem::path& path, const std::string& record) {
    require(field.has_value(), "'{}': {} has no '{}'", path.string(), record, name);
    require(std::floor(*field) == *field && std::abs(*field) < 9007199254740992.0,
            "'{}': {}: '{}' must be an integer, found {}", path.string(), record, name, *field);
    return static_cast<int64_t>(*field);
}

}  // namespace hfc::data
