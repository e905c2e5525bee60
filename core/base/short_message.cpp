// Separate from error.cpp, which is also used by programs without LibTorch.
#include "base/error.h"

#include <c10/util/Exception.h>

namespace hfc {

std::string short_message(const std::exception& error) {
    const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
    std::string text = torch_error ? torch_error->what_without_backtrace() : error.what();
    if (const auto end = text.find("\nException raised from"); end != std::string::npos) {
        text.resize(end);
    }
    return text;
}

}  // namespace hfc
