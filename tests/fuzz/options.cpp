// The command line, one argument a line, and the one that a run directory's config.json tells.
#include "fuzz.h"
#include "host/command_line.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto input = hfc::fuzz::text(data, size);
    std::vector<std::string> arguments = {"hfc-host"};
    if (hfc::fuzz::take_byte(input) % 2 == 0) {
        hfc::fuzz::folder().write("script.lua", "");
        hfc::fuzz::folder().write("config.json", input);
        arguments.insert(arguments.end(), {"--resume", hfc::fuzz::folder().path().string()});
    } else {
        for (size_t end = 0; !input.empty(); input.remove_prefix(std::min(end + 1, input.size()))) {
            end = std::min(input.find('\n'), input.size());
            arguments.emplace_back(input.substr(0, end));
        }
    }
    std::vector<const char*> pointers;
    for (const auto& argument : arguments) {
        pointers.push_back(argument.c_str());
    }
    hfc::fuzz::refused_at_worst([&] {
        try {
            hfc::host::parse(static_cast<int>(pointers.size()), pointers.data());
        } catch (const hfc::host::CommandLineExit&) {
        }
    });
    return 0;
}
