// Reads lines from a terminal (libedit: history, completion) or from any other input.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hfc::host {

/// The possible continuations of the text before the cursor.
struct Completion {
    std::string prefix;  ///< the part of the text with which the candidates start
    std::vector<std::string> candidates;
};

class LineEditor {
  public:
    enum class Outcome { line, interrupted, end };

    explicit LineEditor(std::function<Completion(const std::string&)> complete);
    ~LineEditor();
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;

    /// Reads one line, or the lines of a pasted block, without the last newline. interrupted:
    /// Ctrl-C was pressed, and the text typed so far is discarded.
    Outcome read(const char* prompt, std::string& line);
    /// Whether the next line is already available: from a file or pipe, or pasted into a terminal
    /// that does not mark pasted text.
    bool more_waits() const;
    /// Adds lines to the history and immediately writes them to its file. Empty lines, repetitions
    /// of the last line and blocks of more than a hundred lines are left out.
    void remember(const std::string& text);

  private:
    struct Terminal;
    std::unique_ptr<Terminal> terminal_;  ///< empty if the input is not a terminal
};

}  // namespace hfc::host
