#include "host/evidence/html.h"

#include "base/utf8.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace hfc::host {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* style = R"css(
body { font: 15px/1.45 sans-serif; max-width: 76em; margin: 2em auto; padding: 0 1em; color: #222; }
h1 { font-size: 1.5em; } h2 { font-size: 1.25em; border-bottom: 1px solid #ccc; margin-top: 2em; }
h3 { font-size: 1.05em; margin-bottom: .3em; }
table { border-collapse: collapse; margin: .5em 0 1em; font-variant-numeric: tabular-nums; }
th, td { padding: .15em .7em; border-bottom: 1px solid #ddd; text-align: left; }
td.n, th.n { text-align: right; }
figure { margin: 1em 0; } figure img { max-width: 100%; height: auto; }
figure.pixels img { image-rendering: pixelated; min-width: 20em; }
figcaption { color: #555; font-size: .9em; }
pre { background: #f5f5f5; padding: .6em .8em; overflow-x: auto; font-size: .9em; }
div.wide { overflow-x: auto; }
)css";

std::string base64(const std::string& bytes) {
    constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t group = 0;
        for (size_t k = 0; k < 3; ++k) {
            group = group << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0U);
        }
        for (size_t k = 0; k < 4; ++k) {
            text += i + k <= bytes.size() ? digits[group >> (18 - 6 * k) & 63] : '=';
        }
    }
    return text;
}

std::string cell(const Json& value) {
    if (value.is_number_float() && std::isfinite(value.get<double>())) {
        const auto number = value.get<double>();
        const auto exact = fmt::format("{}", number), few = fmt::format("{:.4g}", number);
        return exact == few ? fmt::format("<td class=\"n\">{}</td>", few)
                            : fmt::format("<td class=\"n\" title=\"{}\">{}</td>", exact, few);
    }
    if (value.is_number()) {
        return fmt::format("<td class=\"n\">{}</td>", value.dump());
    }
    const auto text = value.is_string() ? value.get<std::string>()
                      : value.is_null() ? ""
                                        : json_text(value);
    return fmt::format("<td>{}</td>", html_text(text));
}

}  // namespace

std::string html_text(const std::string& text) {
    std::string safe;
    for (const char c : to_utf8(text)) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default: {
                const auto byte = static_cast<unsigned char>(c);
                const bool control = (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
                safe += control ? "\xEF\xBF\xBD" : std::string(1, c);
            }
        }
    }
    return safe;
}

std::string html_table(const run::Rows& rows) {
    std::vector<std::string> columns;
    for (const auto& row : rows) {
        run::add_columns(row, columns);
    }
    std::string text = "<div class=\"wide\"><table>\n<thead><tr>";
    for (const auto& column : columns) {
        const auto is_number = [&](const Json& row) {
            return row.contains(column) && row.at(column).is_number();
        };
        const bool numbers = std::ranges::any_of(rows, is_number);
        text += fmt::format("<th{}>{}</th>", numbers ? " class=\"n\"" : "", html_text(column));
    }
    text += "</tr></thead>\n<tbody>\n";
    for (const auto& row : rows) {
        text += "<tr>";
        for (const auto& column : columns) {
            text += cell(row.contains(column) ? row.at(column) : Json());
        }
        text += "</tr>\n";
    }
    return text + "</tbody></table></div>\n";
}

std::string html_list(const std::vector<std::pair<std::string, std::string>>& entries) {
    std::string text = "<table><tbody>\n";
    for (const auto& [name, value] : entries) {
        text += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", html_text(name), html_text(value));
    }
    return text + "</tbody></table>\n";
}

std::string html_picture(const std::string& type, const std::string& bytes,
                         const std::string& caption) {
    const auto text = html_text(caption);
    return fmt::format(
        "<figure{}><img alt=\"{}\" "
        "src=\"data:{};base64,{}\"><figcaption>{}</figcaption></figure>\n",
        type == "image/png" ? " class=\"pixels\"" : "", text, type, base64(bytes), text);
}

std::string html_page(const std::string& title, const std::string& body) {
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<h1>{}</h1>\n{}</body>\n</html>\n",
        html_text(title), style, html_text(title), body);
}

}  // namespace hfc::host
