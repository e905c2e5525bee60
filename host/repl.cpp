#include "host/repl.h"

#include "base/interrupt.h"
#include "host/line_editor.h"

#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <optional>

namespace hfc::host {
namespace {

/// Runs a text. Returns false where more lines may complete it; sets `status` where the script asked to end.
bool run_text(lua::State& state, const std::string& text, std::optional<int>& status) {
    lua_State* L = state.get();
    const int top = lua_gettop(L);
    bool complete = true;
    lua_getfield(L, LUA_REGISTRYINDEX, "hfc.repl.run");
    lua_pushlstring(L, text.data(), text.size());
    if (state.call(1, 1) != 0) {
        if (lua_isuserdata(L, -1)) {
            status = state.report_failure();
        } else {
            state.report_failure();
        }
    } else if (const char* message = lua_tostring(L, -1)) {
        complete = std::string(message) != "incomplete";
        if (complete) {
            std::fprintf(stderr, "hfc-host: %s\n", message);
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

Completion complete(lua::State& state, const std::string& text) {
    lua_State* L = state.get();
    const int top = lua_gettop(L);
    Completion result;
    lua_getfield(L, LUA_REGISTRYINDEX, "hfc.repl.complete");
    lua_pushlstring(L, text.data(), text.size());
    if (lua_pcall(L, 1, 2, 0) == 0 && lua_istable(L, -1)) {
        result.prefix = lua_tostring(L, -2);
        for (size_t i = 1; i <= lua_objlen(L, -1); ++i) {
            lua_rawgeti(L, -1, static_cast<int>(i));
            result.candidates.emplace_back(lua_tostring(L, -1));
            lua_pop(L, 1);
        }
    }
    lua_settop(L, top);
    return result;
}

}  // namespace

int run_prompt(lua::State& state) {
    if (isatty(STDIN_FILENO) != 0) {
        std::puts("hfc-host: help() explains, Tab completes, Ctrl-C stops, Ctrl-D leaves");
    }
    LineEditor editor([&](const std::string& text) { return complete(state, text); });
    std::string pending;
    std::string line;
    std::optional<int> status;
    while (!status) {
        const auto outcome = editor.read(pending.empty() ? "> " : ">> ", line);
        if (outcome == LineEditor::Outcome::end) {
            break;
        }
        if (outcome == LineEditor::Outcome::interrupted) {
            pending.clear();
            continue;
        }
        editor.remember(line);
        pending += (pending.empty() ? "" : "\n") + line;
        if (run_text(state, pending, status)) {
            pending.clear();
        }
    }
    if (!status && !pending.empty()) {
        std::fprintf(stderr, "hfc-host: the input ended in an unfinished statement\n");
        return 1;
    }
    return status.value_or(0);
}

}  // namespace hfc::host
