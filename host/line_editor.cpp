#include "host/line_editor.h"

#include "host/history.h"
#include "host/terminal_input.h"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <iostream>
#include <unordered_map>

namespace hfc::host {
namespace {

constexpr size_t history_length = 10'000;

std::string common_start(const std::vector<std::string>& texts) {
    std::string start = texts.front();
    for (const auto& text : texts) {
        size_t length = 0;
        while (length < start.size() && length < text.size() && start[length] == text[length]) {
            ++length;
        }
        start.resize(length);
    }
    return start;
}

const char* current_prompt = "";

/// Prints a pasted block from its second line on; if it is long, only the beginning.
void show_pasted(const std::string& text) {
    constexpr size_t most = 2000;
    if (text.empty()) {
        return;
    }
    std::fwrite(text.data() + (text.front() == '\n' ? 1 : 0), 1,
                std::min(text.size(), most) - (text.front() == '\n' ? 1 : 0), stdout);
    std::printf(text.size() > most ? "\n... %zu more bytes\n" : "\n",
                text.size() - std::min(text.size(), most));
}

}  // namespace

struct LineEditor::Terminal {
    explicit Terminal(std::function<Completion(const std::string&)> completer)
        : complete(std::move(completer)),
          editor(el_init("hfc-host", stdin, stdout, stderr), el_end),
          history(history_init(), history_end),
          path(history_path()) {
        HistEvent event;
        ::history(history.get(), &event, H_SETSIZE, static_cast<int>(history_length));
        for (const auto& line : load_history(path, history_length)) {
            enter(line);
        }
        el_set(editor.get(), EL_CLIENTDATA, this);
        el_set(editor.get(), EL_EDITOR, "emacs");
        el_set(editor.get(), EL_SIGNAL, 0);
        el_set(
            editor.get(), EL_PROMPT, +[](EditLine*) { return const_cast<char*>(current_prompt); });
        el_set(editor.get(), EL_HIST, ::history, history.get());
        el_set(editor.get(), EL_GETCFN, &Terminal::read_character);
        el_set(editor.get(), EL_ADDFN, "hfc-complete", "complete names", &Terminal::on_tab);
        el_set(editor.get(), EL_BIND, "^I", "hfc-complete", nullptr);
        el_set(editor.get(), EL_BIND, "^R", "em-inc-search-prev", nullptr);
    }

    static int read_character(EditLine* editor, wchar_t* character) {
        Terminal* self = nullptr;
        el_get(editor, EL_CLIENTDATA, &self);
        return self->input.read(
            *character, [](void* resized) { el_resize(static_cast<EditLine*>(resized)); }, editor);
    }

    /// Adds a line to the history. A line that is already in the history moves to the end.
    void enter(const std::string& line) {
        HistEvent event;
        if (const auto earlier = numbers.find(line); earlier != numbers.end()) {
            ::history(history.get(), &event, H_DEL, earlier->second);
        }
        if (::history(history.get(), &event, H_ENTER, line.c_str()) != -1) {
            numbers[line] = event.num;
        }
    }

    static unsigned char on_tab(EditLine* editor, int) {
        Terminal* self = nullptr;
        el_get(editor, EL_CLIENTDATA, &self);
        const LineInfo* info = el_line(editor);
        const auto found = self->complete(std::string(info->buffer, info->cursor));
        if (found.candidates.empty()) {
            return CC_REFRESH_BEEP;
        }
        const std::string start = common_start(found.candidates);
        if (start.size() > found.prefix.size()) {
            el_insertstr(editor, start.c_str() + found.prefix.size());
        } else if (found.candidates.size() > 1) {
            self->list(found.candidates);
            return CC_REDISPLAY;
        }
        return CC_REFRESH;
    }

    static void list(const std::vector<std::string>& candidates) {
        constexpr size_t most = 100;
        std::putchar('\n');
        for (size_t i = 0; i < std::min(candidates.size(), most); ++i) {
            std::printf("%s  ", candidates[i].c_str());
        }
        if (candidates.size() > most) {
            std::printf("... %zu more", candidates.size() - most);
        }
        std::putchar('\n');
    }

    std::function<Completion(const std::string&)> complete;
    std::unique_ptr<EditLine, void (*)(EditLine*)> editor;
    std::unique_ptr<History, void (*)(History*)> history;
    std::filesystem::path path;
    std::unordered_map<std::string, int> numbers;  ///< line of the history -> its number
    std::string last;                              ///< the line that was added last
    TerminalInput input;
};

LineEditor::LineEditor(std::function<Completion(const std::string&)> complete) {
    if (isatty(STDIN_FILENO) != 0) {
        std::setlocale(LC_CTYPE, "C.UTF-8");
        terminal_ = std::make_unique<Terminal>(std::move(complete));
    }
}

LineEditor::~LineEditor() = default;

LineEditor::Outcome LineEditor::read(const char* prompt, std::string& line) {
    if (!terminal_) {
        return std::getline(std::cin, line) ? Outcome::line : Outcome::end;
    }
    const ReadingScope scope;
    current_prompt = prompt;
    int count = 0;
    const char* text = el_gets(terminal_->editor.get(), &count);
    if (ReadingScope::interrupted() || text == nullptr || count <= 0) {
        terminal_->input.clear();
        std::putchar('\n');
        std::fflush(stdout);
        return ReadingScope::interrupted() ? Outcome::interrupted : Outcome::end;
    }
    line.assign(text, static_cast<size_t>(count));
    if (line.ends_with('\n')) {
        line.pop_back();
    }
    const std::string pasted = terminal_->input.take_pasted();
    show_pasted(pasted);
    line += pasted;
    return Outcome::line;
}

bool LineEditor::more_waits() const {
    if (!terminal_) {
        return std::cin.good();
    }
    pollfd ready = {STDIN_FILENO, POLLIN, 0};
    return ::poll(&ready, 1, 0) > 0;
}

void LineEditor::remember(const std::string& text) {
    constexpr auto most_lines = 100;
    if (!terminal_ || std::count(text.begin(), text.end(), '\n') > most_lines) {
        return;
    }
    for (size_t begin = 0; begin <= text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        const std::string line = text.substr(begin, end - begin);
        if (!line.empty() && line != terminal_->last) {
            terminal_->last = line;
            terminal_->enter(line);
            append_history(terminal_->path, line);
        }
        begin = end + 1;
    }
}

}  // namespace hfc::host
