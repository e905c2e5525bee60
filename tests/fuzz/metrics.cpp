// metrics.jsonl, as a run takes it up again and as figures read it; the same bytes as a table.
#include "fuzz.h"
#include "run/csv.h"
#include "run/event_log.h"
#include "run/figure.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto path = hfc::fuzz::folder().write("metrics.jsonl", hfc::fuzz::text(data, size));
    (void)hfc::run::parse_csv(std::string(hfc::fuzz::text(data, size)));
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
