// Parts of a self-contained HTML page, which requests nothing else.
#pragma once

#include "run/table.h"

#include <string>
#include <utility>
#include <vector>

namespace hfc::host {

/// A string as the text of an element or as a value in double quotes. Bytes that are not UTF-8 and
/// control characters become U+FFFD.
std::string html_text(const std::string& text);

/// A table with one column per name. Numbers have four digits and are aligned to the right. A
/// tooltip shows all digits.
std::string html_table(const run::Rows& rows);

/// Names and values in two columns.
std::string html_list(const std::vector<std::pair<std::string, std::string>>& entries);

/// A picture embedded in the page. type: "image/svg+xml" or "image/png".
std::string html_picture(const std::string& type, const std::string& bytes,
                         const std::string& caption);

/// The whole page around a body.
std::string html_page(const std::string& title, const std::string& body);

}  // namespace hfc::host
