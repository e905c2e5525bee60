// Lines from a terminal (libedit: history, completion) or from anything else.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hfc::host {

/// What a text before the cursor may go on with.
struct Completion {
    std::string prefix;  ///< the part of the text that the candidates begin with
    std::vector<std::string> candidates;
};

class LineEditor {
  public:
    enum class Outcome { line, interrupted, end };

    explicit LineEditor(std::function<Completion(const std::string&)> complete);
    ~LineEditor();
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;

    /// Reads one line, or the lines of a pasted block, without the last line break. interrupted:
    /// Ctrl-C, what was typed so far is dropped.
    Outcome read(const char* prompt, std::string& line);
    /// Whether the next line is on its way: from a file or pipe, or pasted without the terminal
    /// saying so.
    bool more_waits() const;
    /// Remembers lines, in the file at once. Empty ones, repetitions of the last and blocks of more
    /// than a hundred are left out.
    void remember(const std::string& text);

  private:
    struct Terminal;
    std::unique_ptr<Terminal> terminal_;  ///< empty: the input is no terminal
};

}  // namespace hfc::host
