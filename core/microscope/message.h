// The messages between the microscope's window and the host: each is one line of JSON, followed by
// as many raw bytes as its field "bytes" specifies. Header only and without LibTorch, because both
// sides use it.
#pragma once

#include "base/json_depth.h"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hfc::microscope {

using MessageJson = nlohmann::json;

struct Message {
    MessageJson head = MessageJson::object();
    std::vector<uint8_t> bytes;
};

/// Returns false if the other side is gone.
inline bool write_message(int descriptor, Message message) {
    message.head["bytes"] = message.bytes.size();
    auto text = message.head.dump(-1, ' ', false, MessageJson::error_handler_t::replace) + "\n";
    text.append(message.bytes.begin(), message.bytes.end());
    for (size_t done = 0; done < text.size();) {
        const auto written = ::write(descriptor, text.data() + done, text.size() - done);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        done += written > 0 ? static_cast<size_t>(written) : 0;
    }
    return true;
}

/// Reads messages one after another, waiting for each one.
class MessageReader {
  public:
    explicit MessageReader(int descriptor) : descriptor_(descriptor) {}

    /// Returns nothing once the other side is gone or has written something that is not a message.
    std::optional<Message> next() {
        size_t end = 0;
        while ((end = buffer_.find('\n')) == std::string::npos) {
            if (buffer_.size() > longest_line || !fill()) {
                return std::nullopt;
            }
        }
        Message message;
        const auto line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        if (!nests_deeper(line)) {
            message.head = MessageJson::parse(line, nullptr, /*allow_exceptions=*/false);
        }
        if (!message.head.is_object()) {
            return std::nullopt;
        }
        const auto found = message.head.find("bytes");
        const bool given = found != message.head.end() && found->is_number_unsigned();
        const size_t size = given ? found->get<size_t>() : 0;
        while (buffer_.size() < size) {
            if (size > most_bytes || !fill()) {
                return std::nullopt;
            }
        }
        message.bytes.assign(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(size));
        buffer_.erase(0, size);
        return message;
    }

  private:
    static constexpr size_t longest_line = 4 << 20, most_bytes = 256 << 20;

    bool fill() {
        std::string block(1 << 16, '\0');
        ssize_t got = 0;
        do {
            got = ::read(descriptor_, block.data(), block.size());
        } while (got < 0 && errno == EINTR);
        if (got <= 0) {
            return false;
        }
        buffer_.append(block, 0, static_cast<size_t>(got));
        return true;
    }

    int descriptor_;
    std::string buffer_;
};

}  // namespace hfc::microscope
