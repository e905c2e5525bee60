// hfc-evidence: the program that bin/hfc-host starts for `hfc-host sweep`, `compare`, `report` and
// `export`.
#include "base/error.h"
#include "host/evidence/compare.h"
#include "host/evidence/export.h"
#include "host/evidence/report.h"
#include "host/evidence/sweep.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

int main(int count, char** arguments) {
    // A closed pipe or a full disk is an error to report, not a reason to die.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    const std::string command = count > 1 ? arguments[1] : "";
    const std::vector<std::string> words(arguments + std::min(count, 2), arguments + count);
    try {
        const int status = command == "compare"  ? hfc::host::compare(words)
                           : command == "report" ? hfc::host::report(words)
                           : command == "export" ? hfc::host::export_runs(words)
                                                 : hfc::host::sweep(hfc::host::parse_sweep(words));
        if (std::fflush(stdout) != 0 && status == 0) {
            std::fprintf(stderr, "hfc-host: cannot write to standard output\n");
            return 1;
        }
        return status;
    } catch (const hfc::host::CommandExit& exit) {
        std::fprintf(exit.status == 0 ? stdout : stderr, "%s\n", exit.text.c_str());
        return exit.status;
    } catch (const hfc::Error& error) {
        std::fprintf(stderr, "hfc-host %s: %s\n", command.c_str(), error.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "hfc-host %s: %s\n", command.c_str(), error.what());
        return 1;
    }
}
