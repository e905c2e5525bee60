#include "host/line_editor.h"

#include <histedit.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace hfc::host {
namespace {

constexpr int history_length = 10'000;
volatile std::sig_atomic_t interrupted = 0;
volatile std::sig_atomic_t resized = 0;

/// While a line is read, Ctrl-C drops the line and a new size is taken up; both must end the read() that waits.
class ReadingSignals {
  public:
    ReadingSignals() {
        interrupted = 0;
        struct sigaction action = {};
        action.sa_handler = [](int) { interrupted = 1; };
        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, &interrupt_before_);
        action.sa_handler = [](int) { resized = 1; };
        sigaction(SIGWINCH, &action, &resize_before_);
    }
    ~ReadingSignals() {
        sigaction(SIGINT, &interrupt_before_, nullptr);
        sigaction(SIGWINCH, &resize_before_, nullptr);
    }
    ReadingSignals(const ReadingSignals&) = delete;
    ReadingSignals& operator=(const ReadingSignals&) = delete;

  private:
    struct sigaction interrupt_before_ = {};
    struct sigaction resize_before_ = {};
};

/// One byte of the terminal: 1, or 0 at the end, or -1 after Ctrl-C.
int read_byte(EditLine* editor, char& byte) {
    for (;;) {
        const auto count = ::read(STDIN_FILENO, &byte, 1);
        if (interrupted != 0) {
            return -1;
        }
        if (count >= 0) {
            return static_cast<int>(count);
        }
        if (errno != EINTR) {
            return 0;
        }
        if (resized != 0) {
            resized = 0;
            el_resize(editor);
        }
    }
}

/// libedit's own reader gives up at a byte that is no UTF-8; this one takes a question mark for it.
int read_character(EditLine* editor, wchar_t* character) {
    std::mbstate_t state = {};
    for (int length = 0; length < 4; ++length) {
        char byte = 0;
        if (const int count = read_byte(editor, byte); count <= 0) {
            return count;
        }
        const size_t used = std::mbrtowc(character, &byte, 1, &state);
        if (used == 0 || used == 1) {
            return 1;
        }
        if (used == static_cast<size_t>(-1)) {
            break;
        }
    }
    *character = L'?';
    return 1;
}

std::filesystem::path history_path() {
    const auto variable = [](const char* name) { return std::string(std::getenv(name) != nullptr ? std::getenv(name) : ""); };
    std::filesystem::path folder = variable("XDG_STATE_HOME");
    if (folder.empty()) {
        const std::string home = variable("HOME");
        folder = home.empty() ? "" : home + "/.local/state";
    }
    return folder.empty() ? folder : folder / "hfc-host" / "history";
}

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

}  // namespace

struct LineEditor::Terminal {
    explicit Terminal(std::function<Completion(const std::string&)> completer)
        : complete(std::move(completer)),
          editor(el_init("hfc-host", stdin, stdout, stderr), el_end),
          history(history_init(), history_end),
          path(history_path()) {
        HistEvent event;
        ::history(history.get(), &event, H_SETSIZE, history_length);
        ::history(history.get(), &event, H_SETUNIQUE, 1);
        std::ifstream file(path);
        for (std::string line; std::getline(file, line);) {
            ::history(history.get(), &event, H_ENTER, line.c_str());
            last = line;
        }
        el_set(editor.get(), EL_CLIENTDATA, this);
        el_set(editor.get(), EL_EDITOR, "emacs");
        el_set(editor.get(), EL_SIGNAL, 0);
        el_set(
            editor.get(), EL_PROMPT, +[](EditLine*) { return const_cast<char*>(current_prompt); });
        el_set(editor.get(), EL_HIST, ::history, history.get());
        el_set(editor.get(), EL_GETCFN, read_character);
        el_set(editor.get(), EL_ADDFN, "hfc-complete", "complete names", &Terminal::on_tab);
        el_set(editor.get(), EL_BIND, "^I", "hfc-complete", nullptr);
        el_set(editor.get(), EL_BIND, "^R", "em-inc-search-prev", nullptr);
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
    std::string last;
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
    const ReadingSignals signals;
    current_prompt = prompt;
    int count = 0;
    const char* text = el_gets(terminal_->editor.get(), &count);
    if (interrupted != 0 || text == nullptr || count <= 0) {
        std::putchar('\n');
        std::fflush(stdout);
        return interrupted != 0 ? Outcome::interrupted : Outcome::end;
    }
    line.assign(text, static_cast<size_t>(count));
    if (line.ends_with('\n')) {
        line.pop_back();
    }
    return Outcome::line;
}

void LineEditor::remember(const std::string& line) {
    if (!terminal_ || line.empty() || line == terminal_->last) {
        return;
    }
    terminal_->last = line;
    HistEvent event;
    ::history(terminal_->history.get(), &event, H_ENTER, line.c_str());
    if (terminal_->path.empty()) {
        return;
    }
    std::error_code ignored;  // a history that cannot be written must not stop the work
    std::filesystem::create_directories(terminal_->path.parent_path(), ignored);
    std::ofstream(terminal_->path, std::ios::app) << line << '\n';
}

}  // namespace hfc::host
