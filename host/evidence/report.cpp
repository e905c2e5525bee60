#include "host/evidence/report.h"

#include "base/error.h"
#include "base/file.h"
#include "host/evidence/command_words.h"
#include "host/evidence/html.h"
#include "host/evidence/results.h"
#include "host/evidence/sources.h"
#include "plot/gnuplot.h"
#include "run/stored_run.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>

namespace hfc::host {
namespace {

namespace fs = std::filesystem;
using evidence::Json;

constexpr uint64_t most_embedded_bytes = uint64_t{64} << 20;  // the limit for each embedded file

struct ReportOptions {
    std::vector<std::string> paths;
    std::string out;
};

constexpr const char* report_notes = R"text(
Writes one self-contained HTML page with the settings, tables, figures, images, environment,
commands and script. For several runs or sweeps, the page also shows the settings that
differ, and the tables side by side.

Examples:
  hfc-host report runs/shuffled_labels-20260102-030405
  hfc-host report sweeps/a sweeps/b --out both.html

Exit status: 0 success; 2 usage error.)text";

ReportOptions parse_report(const std::vector<std::string>& words) {
    ReportOptions options;
    CLI::App app("Writes an HTML page about runs and sweeps.");
    app.footer(report_notes);
    app.add_option("RUN_OR_SWEEP", options.paths, "run directories or sweep directories");
    app.add_option("--out", options.out,
                   "file to write (default: report.html in the directory, or in a new directory "
                   "under reports/ if you give several directories)")
        ->type_name("FILE");
    parse_words(app, "report", "RUN_OR_SWEEP... [options]", words);
    if (options.paths.empty()) {
        wrong_use("report", "expected a run or a sweep, got none");
    }
    return options;
}

std::string heading(int level, const std::string& text) {
    return fmt::format("<h{}>{}</h{}>\n", level, html_text(text), level);
}

/// Quotes a word of a command for the shell if necessary.
std::string shell_word(const std::string& word) {
    const bool plain = !word.empty() && std::ranges::all_of(word, [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view("_-./=:,+%@").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (plain) {
        return word;
    }
    std::string quoted = "'";
    for (const char c : word) {
        quoted += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return quoted + "'";
}

std::string command_of(const Json& config) {
    std::string line;
    if (const auto found = config.find("command_line");
        found != config.end() && found->is_array()) {
        for (const auto& word : *found) {
            line += line.empty() ? "" : " ";
            line += word.is_string() ? shell_word(word.get<std::string>()) : json_text(word);
        }
    }
    return line;
}

std::vector<fs::path> files_with(const fs::path& directory, const char* extension) {
    std::vector<fs::path> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
        if (entry.path().extension() == extension && entry.is_regular_file(error)) {
            files.push_back(entry.path());
        }
    }
    std::ranges::sort(files, natural_less, [](const fs::path& path) { return path.string(); });
    return files;
}

std::string figures_in(const fs::path& directory) {
    std::string text;
    for (const auto& path : files_with(directory, ".svg")) {
        text += html_picture("image/svg+xml", read_file(path, most_embedded_bytes),
                             path.stem().string());
    }
    return text;
}

/// Draws the curves of the events, for runs whose scripts drew no figures.
std::string drawn_figures(const std::vector<evidence::BandFigure>& figures) {
    if (!plot::has_gnuplot()) {
        return figures.empty() ? ""
                               : "<p>gnuplot is not installed, so the curves are not drawn.</p>\n";
    }
    std::string text;
    for (const auto& figure : figures) {
        const auto program =
            gnuplot_program(make_chart(figure.panels, figure.options), plot::Format::svg);
        text += html_picture("image/svg+xml", plot::draw(program, plot::Format::svg), figure.name);
    }
    return text;
}

/// The last picture that the run logged under each name.
std::string pictures_of(const fs::path& run) {
    std::vector<std::pair<std::string, Json>> last;
    run::read_events(run)([&](const Json& event) {
        if (!event.contains("image") || !event.at("image").is_string() || !event.contains("file") ||
            !event.at("file").is_string()) {
            return;
        }
        const auto name = event.at("image").get<std::string>();
        const auto known = std::ranges::find(last, name, &std::pair<std::string, Json>::first);
        if (known == last.end()) {
            last.emplace_back(name, event);
        } else {
            known->second = event;
        }
    });
    std::string text;
    for (const auto& [name, event] : last) {
        // A log can name any file, so only the run's own pictures are embedded.
        const auto file = fs::path(event.at("file").get<std::string>()).filename();
        std::error_code error;
        if (!fs::is_regular_file(run / "images" / file, error)) {
            continue;
        }
        auto caption = name;
        if (event.contains("epoch")) {
            caption += ", epoch " + json_text(event.at("epoch"));
        }
        text += html_picture("image/png", read_file(run / "images" / file, most_embedded_bytes),
                             caption);
    }
    return text;
}

std::string part(int level, const std::string& title, const std::string& content) {
    return content.empty() ? "" : heading(level, title) + content;
}

std::string settings_of(const Json& config) {
    std::vector<std::pair<std::string, std::string>> entries;
    if (config.contains("options")) {
        for (const auto& [name, value] : run::flat_options(config.at("options"))) {
            entries.emplace_back(name, evidence::text_of(value));
        }
    }
    return entries.empty() ? "" : html_list(entries);
}

std::string environment_of(const Json& config) {
    std::vector<std::pair<std::string, std::string>> entries;
    for (const auto& [key, value] : config.items()) {
        if (key == "options" || key == "command_line" || key == "name") {
            continue;
        }
        for (const auto& [name, one] : run::flat_options(value)) {
            entries.emplace_back(name.empty() ? key : key + " " + name, evidence::text_of(one));
        }
    }
    return entries.empty() ? "" : html_list(entries);
}

std::string script_of(const fs::path& directory) {
    std::error_code error;
    const auto path = directory / "script.lua";
    if (!fs::is_regular_file(path, error)) {
        return "";
    }
    return fmt::format("<details><summary>script.lua</summary>\n<pre>{}</pre>\n</details>\n",
                       html_text(read_file(path, most_embedded_bytes)));
}

std::string tables_in(const fs::path& directory, int level) {
    std::string text;
    for (const auto& [name, rows] : run::read_tables(directory)) {
        text += rows.empty() ? "" : heading(level, name) + html_table(rows);
    }
    return text;
}

std::string run_section(const fs::path& run) {
    const auto config = run::read_config(run);
    auto figures = figures_in(run);
    if (figures.empty()) {
        figures =
            drawn_figures(band_figures({{"", run::read_events(run)}}, evidence::Labels::panels));
    }
    const auto command = command_of(config);
    return part(3, "Figures", figures) + part(3, "Tables", tables_in(run, 4)) +
           part(3, "Images", pictures_of(run)) + part(3, "Settings", settings_of(config)) +
           part(3, "Environment", environment_of(config)) +
           part(3, "Command",
                command.empty() ? "" : fmt::format("<pre>{}</pre>\n", html_text(command))) +
           script_of(run);
}

/// A sweep's own figures and tables, and the settings of all its runs.
std::string sweep_section(const Source& source) {
    std::vector<std::pair<std::string, std::string>> settings(source.settings.begin(),
                                                              source.settings.end());
    std::string joined;
    for (const auto& table : join_sources({source})) {
        if (!table.rows.empty()) {
            joined += heading(4, table.name) + html_table(to_readable_rows(table));
        }
        const auto found = differences(table, in_first_source);
        joined += found.empty() ? "" : html_table(readable_differences(found));
    }
    auto figures = figures_in(source.path);
    if (figures.empty()) {
        figures = drawn_figures(source_figures({source}));
    }
    return fmt::format("<p>{} runs. Intervals are 95 % confidence intervals over seeds.</p>\n",
                       source.items.size()) +
           part(3, "Figures", figures) + part(3, "Tables", joined) +
           part(3, "Settings", html_list(settings)) + script_of(source.path);
}

std::string comparison(const std::vector<Source>& sources) {
    const auto different = settings_that_differ(sources);
    std::string tables;
    for (const auto& table : join_sources(sources)) {
        const auto rows = side_by_side(table, sources);
        tables += rows.empty() ? "" : heading(4, table.name) + html_table(rows);
        const auto found = differences(table, in_first_source);
        tables += found.empty()
                      ? ""
                      : heading(4, table.name + ": differences from " + sources[0].label) +
                            html_table(readable_differences(found));
    }
    return part(3, "Settings that differ",
                different.empty() ? "<p>None.</p>\n" : html_table(different)) +
           part(3, "Figures", drawn_figures(source_figures(sources))) + part(3, "Tables", tables);
}

std::string body_of(const std::vector<Source>& sources) {
    std::string body;
    if (sources.size() > 1) {
        body += "<ul>\n";
        for (size_t i = 0; i < sources.size(); ++i) {
            body += fmt::format("<li><a href=\"#source{}\">{}</a></li>\n", i,
                                html_text(sources[i].label));
        }
        body += "</ul>\n" + heading(2, "Comparison") + comparison(sources);
    }
    for (size_t i = 0; i < sources.size(); ++i) {
        const auto& source = sources[i];
        body += sources.size() == 1
                    ? ""
                    : fmt::format("<h2 id=\"source{}\">{}</h2>\n", i, html_text(source.label));
        body += (source.is_sweep ? sweep_section(source) : run_section(source.path));
    }
    return body;
}

}  // namespace

int report(const std::vector<std::string>& words) {
    const auto options = parse_report(words);
    const auto sources = read_sources(options.paths);
    const auto name = sources[0].settings.find("name");
    auto title = name == sources[0].settings.end() ? "" : name->second + ": ";
    title += sources[0].label;
    title += sources.size() == 1 ? "" : fmt::format(" and {} more", sources.size() - 1);
    const auto page = html_page(title, body_of(sources));
    const auto path = !options.out.empty() ? fs::path(options.out)
                      : sources.size() == 1
                          ? sources[0].path / "report.html"
                          : output_directory("", sources, "reports") / "report.html";
    write_file(path, page);
    fmt::print("'{}', {:.1f} MB\n", path.string(), static_cast<double>(page.size()) / 1e6);
    return 0;
}

}  // namespace hfc::host
