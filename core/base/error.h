// Errors of the core: one type, whose text is always a complete sentence for the user.
#pragma once

#include <fmt/format.h>  // for the messages, in every file that includes this one
#include <fmt/ranges.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hfc {

/// A mistake by the caller, or a problem outside the program (a file, a device). The text names the
/// function, the parameter or file, the expected value and the actual one.
class Error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Throws Error with a formatted message: `fail("hfc.data: batch size must be at least 1, got {}",
/// n)`.
template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) {
    throw Error(fmt::format(text, std::forward<Args>(args)...));
}

/// Throws Error with the formatted message unless the condition holds.
template <typename... Args>
void require(bool condition, fmt::format_string<Args...> text, Args&&... args) {
    if (!condition) {
        fail(text, std::forward<Args>(args)...);
    }
}

/// The candidate closest to `name` by edit distance, or "" if `name` is probably not a misspelling
/// of any of them.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

/// " (did you mean 'epochs'?)" or "", to append to an unknown name.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

/// The first line of a LibTorch error's text, without its C++ backtrace.
std::string short_message(const std::exception& error);

}  // namespace hfc
