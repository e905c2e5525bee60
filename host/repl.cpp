#include "host/repl.h"

#include "base/interrupt.h"
#include "bindings/runtime/error.h"
#include "host/line_editor.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>

namespace hfc::host {
namespace {

/// Runs a text. Returns false if more lines may complete it; sets `status` after SIGTERM. An error
/// that would end a script, such as a wrong option of a script run by dofile, stops only this text;
/// the variables are kept.
bool run_text(lua::State& state, const std::string& text, std::optional<int>& status) {
    lua_State* L = state.get();
    const int top = lua_gettop(L);
    bool complete = true;
    lua_getfield(L, LUA_REGISTRYINDEX, "hfc.repl.run");
    lua_pushlstring(L, text.data(), text.size());
    if (state.call(1, 1) != 0) {
        state.report_failure();
    } else if (const char* message = lua_tostring(L, -1)) {
        complete = std::string(message) != "incomplete";
        if (complete) {
            std::fprintf(stderr, "hfc-host: %s\n", lua::with_hint(message).c_str());
        }
    }
    lua_settop(L, top);
    std::fflush(stdout);
    if (interrupt_requested() && interrupt_status() != 128 + SIGINT) {
        status = interrupt_status();
    }
    clear_interrupt();
    return complete;
}

/// The names in a directory that start with the last part of `path`. Directories end with a slash.
Completion complete_path(const std::string& path) {
    Completion result;
    const auto slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    result.prefix = path.substr(folder.size());
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder.empty() ? "." : folder, error), end;
         !error && entry != end; entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        std::error_code unknown;
        if (name.starts_with(result.prefix) && (!result.prefix.empty() || !name.starts_with('.'))) {
            result.candidates.push_back(name + (entry->is_directory(unknown) ? "/" : ""));
        }
    }
    std::sort(result.candidates.begin(), result.candidates.end());
    return result;
}

Completion complete(lua::State& state, const std::string& text) {
    lua_State* L = state.get();
    const int top = lua_gettop(L);
    Completion result;
    lua_getfield(L, LUA_REGISTRYINDEX, "hfc.repl.complete");
    lua_pushlstring(L, text.data(), text.size());
    if (lua_pcall(L, 1, 3, 0) == 0 && lua_istable(L, -2)) {
        result.prefix = lua_tostring(L, -3);
        if (lua_isstring(L, -1) != 0) {
            result = complete_path(result.prefix);
        }
        for (size_t i = 1; i <= lua_objlen(L, -2); ++i) {
            lua_rawgeti(L, -2, static_cast<int>(i));
            result.candidates.emplace_back(lua_tostring(L, -1));
            lua_pop(L, 1);
        }
    }
    lua_settop(L, top);
    return result;
}

/// A text that grows line by line. Once many bytes of it have been compiled without success, it is
/// no longer compiled after every line if the next line is already available.
class Pending {
  public:
    void add(const std::string& line) { text_ += (text_.empty() ? "" : "\n") + line; }
    bool worth_a_try(bool more_waits) {
        constexpr size_t much = 50'000'000;
        if (more_waits && compiled_ > much && text_.size() < tried_ + tried_ / 4) {
            return false;
        }
        tried_ = text_.size();
        compiled_ += tried_;
        return true;
    }
    void clear() {
        text_.clear();
        tried_ = 0;
        compiled_ = 0;
    }
    const std::string& text() const { return text_; }

  private:
    std::string text_;
    size_t tried_ = 0;
    size_t compiled_ = 0;
};

}  // namespace

int run_prompt(lua::State& state) {
    if (isatty(STDIN_FILENO) != 0) {
        std::puts("hfc-host: help() shows help, Tab completes, Ctrl-C interrupts, Ctrl-D quits");
    }
    LineEditor editor([&](const std::string& text) { return complete(state, text); });
    Pending pending;
    std::string line;
    std::optional<int> status;
    while (!status) {
        const auto outcome = editor.read(pending.text().empty() ? "> " : ">> ", line);
        if (outcome == LineEditor::Outcome::end) {
            break;
        }
        if (outcome == LineEditor::Outcome::interrupted) {
            pending.clear();
            continue;
        }
        editor.remember(line);
        pending.add(line);
        if (pending.worth_a_try(editor.more_waits()) && run_text(state, pending.text(), status)) {
            pending.clear();
        }
    }
    if (!status && !pending.text().empty() && run_text(state, pending.text(), status)) {
        return status.value_or(0);
    }
    if (!status && !pending.text().empty()) {
        std::fprintf(stderr, "hfc-host: the input ended in an unfinished statement\n");
        return 1;
    }
    return status.value_or(0);
}

}  // namespace hfc::host
