// What is typed at a terminal, character by character, for libedit.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

namespace hfc::host {

/// While it lives, Ctrl-C ends the read that waits, a new size of the terminal is noticed, and the
/// terminal brackets what is pasted.
class ReadingScope {
  public:
    ReadingScope();
    ~ReadingScope();
    ReadingScope(const ReadingScope&) = delete;
    ReadingScope& operator=(const ReadingScope&) = delete;

    /// Whether Ctrl-C came since the scope began.
    static bool interrupted();
};

class TerminalInput {
  public:
    /// The next character: 1; 0 at the end; -1 after Ctrl-C. `resize` is called after the
    /// terminal's size has changed. A byte that is no UTF-8 reads as a question mark. The first
    /// line of a pasted block comes as if typed; the lines behind it are kept for take_pasted(),
    /// and what stands behind its last line break comes as typed at the next prompt.
    int read(wchar_t& character, void (*resize)(void*), void* with);

    /// The lines of a pasted block behind its first, each with a line break before it; "" where
    /// nothing was pasted.
    std::string take_pasted();

    /// Drops what was pasted and not read yet.
    void clear();

  private:
    int read_byte(char& byte);
    int read_character(wchar_t& character);
    bool paste_begins();
    int read_paste();
    void type(const std::string& text);

    std::deque<wchar_t> typed_;  ///< to be given before anything is read
    std::string bytes_;          ///< read but not looked at yet
    size_t used_ = 0;            ///< of bytes_
    std::string pasted_;         ///< see take_pasted()
    std::string behind_;         ///< of a block: behind its last line break
    void (*resize_)(void*) = nullptr;
    void* resize_with_ = nullptr;
};

}  // namespace hfc::host
