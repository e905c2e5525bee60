// Reads characters typed at a terminal, for libedit.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

namespace hfc::host {

/// While this object exists, Ctrl-C interrupts a pending read, changes in the terminal's size are
/// detected, and the terminal marks pasted text.
class ReadingScope {
  public:
    ReadingScope();
    ~ReadingScope();
    ReadingScope(const ReadingScope&) = delete;
    ReadingScope& operator=(const ReadingScope&) = delete;

    /// Whether Ctrl-C was pressed since the scope started.
    static bool interrupted();
};

class TerminalInput {
  public:
    /// Returns 1 and the next character, 0 at the end of the input, or -1 after Ctrl-C. `resize` is
    /// called after the terminal's size has changed. A byte that is not UTF-8 is read as a question
    /// mark. The first line of a pasted block is returned like typed text. The following lines are
    /// kept for take_pasted(), and the text after the last newline is returned like typed text at
    /// the next prompt.
    int read(wchar_t& character, void (*resize)(void*), void* with);

    /// Returns the lines of a pasted block after the first one, each with a newline before it, or
    /// "" if nothing was pasted.
    std::string take_pasted();

    /// Discards pasted text that has not been read yet.
    void clear();

  private:
    int read_byte(char& byte);
    int read_character(wchar_t& character);
    bool paste_begins();
    int read_paste();
    void type(const std::string& text);

    std::deque<wchar_t> typed_;  ///< returned before anything else is read
    std::string bytes_;          ///< read but not yet processed
    size_t used_ = 0;            ///< the number of processed bytes in bytes_
    std::string pasted_;         ///< see take_pasted()
    std::string behind_;         ///< the text of a block after its last newline
    void (*resize_)(void*) = nullptr;
    void* resize_with_ = nullptr;
};

}  // namespace hfc::host
