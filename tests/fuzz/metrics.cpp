// metrics.jsonl, as a run takes it up again and as the viewer reads it; the same bytes as a table
// and a config.json to the viewer.
#include "fuzz.h"
#include "run/csv.h"
#include "run/event_log.h"
#include "run/figure.h"
#include "viewer/run_data.h"
#include "viewer/run_status.h"
#include "viewer/tables.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto path = hfc::fuzz::folder().write("metrics.jsonl", hfc::fuzz::text(data, size));
    hfc::viewer::RunData run(hfc::fuzz::folder().path());
    for (int i = 0; i < 3 && run.poll(); ++i) {
        (void)run.note();
    }
    (void)hfc::run::parse_csv(std::string(hfc::fuzz::text(data, size)));
    hfc::fuzz::folder().write("config.json", hfc::fuzz::text(data, size));
    hfc::viewer::RunStatus status(hfc::fuzz::folder().path());
    status.poll();
    (void)status.speed(run);
    hfc::fuzz::refused_at_worst([&] {
        hfc::run::EventLog log(path, hfc::run::EventLog::Open::resume);
        log.append({{"series", "natural"}, {"epoch", 1}, {"accuracy", {{"train", 0.5}}}});
        hfc::plot::gnuplot_program(
            hfc::run::make_chart(
                hfc::run::make_panels([&](const auto& visit) { log.for_each(visit); }, {}), {}),
            hfc::plot::Format::svg);
    });
    return 0;
}
