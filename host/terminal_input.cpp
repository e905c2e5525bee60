#include "host/terminal_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <string_view>
#include <system_error>
#include <utility>

namespace hfc::host {
namespace {

volatile std::sig_atomic_t interrupt = 0;
volatile std::sig_atomic_t resized = 0;
struct sigaction interrupt_before = {};
struct sigaction resize_before = {};
int wake = -1;  ///< readable after a signal, whichever thread received it

void on_signal(int number) {
    (number == SIGINT ? interrupt : resized) = 1;
    const int error = errno;
    ::eventfd_write(wake, 1);
    errno = error;
}

/// The terminal of standard input, opened a second time in non-blocking mode. Reads return
/// immediately if there is no input, and other programs that use the terminal are not affected. If
/// the terminal cannot be opened, standard input itself.
int terminal() {
    static const int opened = [] {
        char name[PATH_MAX];
        const bool named = ::ttyname_r(STDIN_FILENO, name, sizeof name) == 0;
        return named ? ::open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    }();
    return opened < 0 ? STDIN_FILENO : opened;
}

/// Reads at least one byte. Returns the number of bytes, 0 at the end, or -1 after Ctrl-C. Ctrl-C
/// discards the text typed before it. Text that is waiting afterwards belongs to the next line, so
/// it is not read.
ssize_t read_terminal(char* bytes, size_t most, void (*resize)(void*), void* resize_with) {
    while (interrupt == 0) {
        pollfd ready[] = {{wake, POLLIN, 0}, {terminal(), POLLIN, 0}};
        const bool failed = ::poll(ready, 2, -1) < 0 && errno != EINTR;
        eventfd_t signals = 0;
        ::eventfd_read(wake, &signals);
        if (resized != 0) {
            resized = 0;
            resize(resize_with);
        }
        if (failed || (interrupt == 0 && ready[1].revents != 0)) {
            const auto count = ::read(terminal(), bytes, most);
            if (count >= 0 || (errno != EINTR && errno != EAGAIN)) {
                return std::max<ssize_t>(count, 0);
            }
        }
    }
    return -1;
}

constexpr wchar_t escape = L'\x1b';
constexpr wchar_t end_of_input = L'\x04';
constexpr std::string_view paste_begin = "[200~";  // after the escape character
constexpr std::string_view paste_end = "\x1b[201~";

bool brackets_pastes() {
    const char* terminal = std::getenv("TERM");
    return terminal != nullptr && std::strcmp(terminal, "dumb") != 0 &&
           ::isatty(STDOUT_FILENO) != 0;
}

void write_terminal(std::string_view text) {
    [[maybe_unused]] const auto written = ::write(
        STDOUT_FILENO, text.data(), text.size());  // if the terminal is gone, the next read ends
}

/// Converts the carriage returns that a terminal sends to newlines.
std::string with_line_breaks(std::string_view text) {
    std::string result;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\r') {
            result += text[i];
        } else if (i + 1 == text.size() || text[i + 1] != '\n') {
            result += '\n';
        }
    }
    return result;
}

}  // namespace

ReadingScope::ReadingScope() {
    interrupt = 0;
    if (wake < 0 && (wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
        throw std::system_error(errno, std::generic_category(), "the prompt cannot wait for input");
    }
    struct sigaction action = {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &interrupt_before);
    sigaction(SIGWINCH, &action, &resize_before);
    if (brackets_pastes()) {
        write_terminal("\x1b[?2004h");
    }
}

ReadingScope::~ReadingScope() {
    if (brackets_pastes()) {
        write_terminal("\x1b[?2004l");
    }
    sigaction(SIGINT, &interrupt_before, nullptr);
    sigaction(SIGWINCH, &resize_before, nullptr);
}

bool ReadingScope::interrupted() {
    return interrupt != 0;
}

int TerminalInput::read_byte(char& byte) {
    if (used_ == bytes_.size()) {
        bytes_.clear();
        used_ = 0;
    }
    while (bytes_.empty()) {
        char next = 0;
        if (const auto count = read_terminal(&next, 1, resize_, resize_with_); count <= 0) {
            return static_cast<int>(count);
        }
        bytes_ = next;
    }
    byte = bytes_[used_++];
    return 1;
}

int TerminalInput::read_character(wchar_t& character) {
    std::mbstate_t state = {};
    for (int length = 0; length < 4; ++length) {
        char byte = 0;
        if (const int count = read_byte(byte); count <= 0) {
            return count;
        }
        const size_t used = std::mbrtowc(&character, &byte, 1, &state);
        if (used == 0) {
            // Ctrl-D was typed while code was running: the terminal has stored it as a zero byte.
            character = end_of_input;
            return 1;
        }
        if (used == 1) {
            return 1;
        }
        if (used == static_cast<size_t>(-1)) {
            used_ -= length > 0 ? 1 : 0;  // this byte may start another character
            break;
        }
    }
    character = L'?';
    return 1;
}

/// Call it after an escape character. Returns whether a pasted block follows; if not, puts back the
/// bytes that it has read.
bool TerminalInput::paste_begins() {
    constexpr int patience_ms = 30;  // a person types the next key later
    std::string read;
    while (read.size() < paste_begin.size()) {
        pollfd ready = {STDIN_FILENO, POLLIN, 0};
        char byte = 0;
        if ((used_ == bytes_.size() && ::poll(&ready, 1, patience_ms) <= 0) ||
            read_byte(byte) <= 0) {
            break;
        }
        read += byte;
        if (!paste_begin.starts_with(read)) {
            break;
        }
    }
    if (read == paste_begin) {
        return true;
    }
    bytes_.replace(0, used_, read);
    used_ = 0;
    return false;
}

void TerminalInput::type(const std::string& text) {
    std::mbstate_t state = {};
    for (size_t i = 0; i < text.size();) {
        wchar_t character = L'?';
        const size_t used = std::mbrtowc(&character, text.data() + i, text.size() - i, &state);
        const bool whole = used != 0 && used <= text.size() - i;
        if (!whole) {
            state = {};
        }
        // Control characters become spaces. Otherwise, a tab would start a completion.
        typed_.push_back(!whole ? L'?' : character >= L' ' ? character : L' ');
        i += whole ? used : 1;
    }
}

int TerminalInput::read_paste() {
    constexpr size_t block = 65536;
    std::string text = bytes_.substr(used_);
    size_t end = text.find(paste_end);
    while (end == std::string::npos) {
        const size_t before = text.size();
        text.resize(before + block);
        const auto count = read_terminal(text.data() + before, block, resize_, resize_with_);
        if (count <= 0) {
            return static_cast<int>(count);
        }
        text.resize(before + static_cast<size_t>(count));
        end = text.find(paste_end, before > paste_end.size() ? before - paste_end.size() : 0);
    }
    bytes_ = text.substr(end + paste_end.size());
    used_ = 0;
    text = with_line_breaks(std::string_view(text).substr(0, end));
    const size_t first = std::min(text.find('\n'), text.size());
    type(text.substr(0, first));
    if (first < text.size()) {
        typed_.push_back(L'\n');
        const size_t last = text.rfind('\n');
        pasted_ = text.substr(first, last - first);
        behind_ = text.substr(last + 1);
    }
    return 1;
}

int TerminalInput::read(wchar_t& character, void (*resize)(void*), void* with) {
    resize_ = resize;
    resize_with_ = with;
    while (typed_.empty()) {
        const int count = read_character(character);
        if (count <= 0 || character != escape || !paste_begins()) {
            return count;
        }
        if (const int pasted = read_paste(); pasted <= 0) {
            return pasted;
        }
    }
    character = typed_.front();
    typed_.pop_front();
    return 1;
}

std::string TerminalInput::take_pasted() {
    type(std::exchange(behind_, {}));
    return std::exchange(pasted_, {});
}

void TerminalInput::clear() {
    typed_.clear();
    pasted_.clear();
    behind_.clear();
}

}  // namespace hfc::host
