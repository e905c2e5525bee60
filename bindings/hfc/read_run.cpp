// hfc.read_run: the contents of a run directory, as tables.
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/state_tree.h"
#include "run/stored_run.h"

namespace hfc::lua {
namespace {

int read_run(Call& call) {
    call.at_most(1);
    const std::filesystem::path directory = call.argument(1, "directory").text();
    require(run::is_run_directory(directory),
            "'{}' is not a run directory: config.json or metrics.jsonl is missing",
            directory.string());
    lua_State* const L = call.L;
    const auto config = run::read_config(directory);
    lua_newtable(L);
    push_json(L, config);
    lua_setfield(L, -2, "config");
    push_json(L, config.value("options", nlohmann::ordered_json::object()));
    lua_setfield(L, -2, "options");
    lua_newtable(L);
    int count = 0;
    run::read_events(directory)([&](const nlohmann::ordered_json& event) {
        push_json(L, event, /*null_is_nan=*/true);
        lua_rawseti(L, -2, ++count);
    });
    lua_setfield(L, -2, "events");
    lua_newtable(L);
    for (const auto& [name, rows] : run::read_tables(directory)) {
        push_json(L, nlohmann::ordered_json(rows));
        lua_setfield(L, -2, name.c_str());
    }
    lua_setfield(L, -2, "tables");
    return 1;
}

const std::vector<Declaration> read_run_declarations = {
    {"hfc.read_run", read_run,
     "hfc.read_run(directory) -> {config, options, events, tables}\n\n"
     "Reads the files of a run, even while it is still in progress.\n"
     "config: the contents of config.json. options: the script's options from config.json.\n"
     "events: the lines of metrics.jsonl as a list of tables. The value null, which represents a "
     "number that is not finite, is read as nan.\n"
     "tables: a table that maps names to lists of rows. Each row maps columns to values, "
     "without the empty fields.\n"
     "Errors: a directory that is not a run directory, a damaged config.json, a file that cannot "
     "be read."},
};

}  // namespace

namespace detail {

void register_read_run(lua_State* L) {
    declare(L, read_run_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
