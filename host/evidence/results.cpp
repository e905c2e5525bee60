#include "host/evidence/results.h"

#include "base/file.h"
#include "plot/gnuplot.h"

#include <fmt/format.h>

namespace hfc::host {
namespace {

using evidence::Json;

/// The settings of the baseline that differ, such as "lr=0.001".
std::string what_differs(const Json& baseline, const Json& settings) {
    std::string text;
    for (const auto& [name, value] : baseline.items()) {
        if (settings.contains(name) && settings.at(name) == value) {
            continue;
        }
        text += text.empty() ? "" : ", ";
        text += fmt::format("{}={}", name, evidence::text_of(value));
    }
    return text;
}

Json head_of(const evidence::Difference& difference) {
    Json row = difference.settings;
    row["minus"] = what_differs(difference.baseline, difference.settings);
    row.update(difference.key);
    row["value"] = difference.value;
    return row;
}

}  // namespace

run::Rows readable_differences(const std::vector<evidence::Difference>& differences) {
    run::Rows rows;
    for (const auto& difference : differences) {
        auto row = head_of(difference);
        row["difference"] = evidence::to_text(difference.interval, /*sign=*/true);
        row["n"] = difference.interval.n;
        row["interval"] = evidence::verdict(difference.interval);
        rows.push_back(std::move(row));
    }
    return rows;
}

run::Rows exact_differences(const std::vector<evidence::Difference>& differences) {
    run::Rows rows;
    for (const auto& difference : differences) {
        auto row = head_of(difference);
        row["difference"] = difference.interval.mean;
        row["low"] = evidence::number_or_nothing(difference.interval.low);
        row["high"] = evidence::number_or_nothing(difference.interval.high);
        row["n"] = difference.interval.n;
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<std::string> write_tables(const std::filesystem::path& directory,
                                      const std::vector<evidence::JoinedTable>& tables,
                                      evidence::Baseline baseline) {
    std::vector<std::string> notes;
    for (const auto& table : tables) {
        if (!table.note.empty()) {
            notes.push_back(table.note);
        }
        if (table.rows.empty()) {
            continue;
        }
        write_file(directory / (table.name + ".csv"), run::to_csv(to_rows(table)), Sync::no);
        write_file(directory / (table.name + ".md"), run::to_markdown(to_readable_rows(table)),
                   Sync::no);
        const auto found = differences(table, baseline);
        if (!found.empty()) {
            const auto name = table.name + "-differences";
            write_file(directory / (name + ".csv"), run::to_csv(exact_differences(found)),
                       Sync::no);
            write_file(directory / (name + ".md"), run::to_markdown(readable_differences(found)),
                       Sync::no);
        }
    }
    return notes;
}

void write_figures(const std::filesystem::path& directory,
                   const std::vector<evidence::BandFigure>& figures) {
    const bool draws = plot::has_gnuplot();
    for (const auto& figure : figures) {
        const auto chart = make_chart(figure.panels, figure.options);
        for (const auto format : {plot::Format::svg, plot::Format::png, plot::Format::pdf}) {
            const auto program = gnuplot_program(chart, format);
            const auto name = fmt::format("{}.{}", figure.name, plot::extension(format));
            write_file(directory / (name + (draws ? "" : ".gp")),
                       draws ? plot::draw(program, format) : program, Sync::no);
        }
    }
}

}  // namespace hfc::host
