// metrics.jsonl, and the same bytes as config.json, as the viewer reads them. Like the viewer, this
// program has no LibTorch.
#include "fuzz.h"
#include "run/run_data.h"
#include "run/run_status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto& folder = hfc::fuzz::folder();
    folder.write("metrics.jsonl", hfc::fuzz::text(data, size));
    hfc::run::RunData run(folder.path());
    for (int i = 0; i < 3 && run.poll(); ++i) {
        (void)run.note();
    }
    folder.write("config.json", hfc::fuzz::text(data, size));
    hfc::run::RunStatus status(folder.path());
    status.poll();
    (void)status.speed(run);
    return 0;
}
