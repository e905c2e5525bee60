// Parts of a self-contained HTML page, which loads no other files.
#pragma once

#include "run/table.h"

#include <string>
#include <utility>
#include <vector>

namespace hfc::host {

/// A string escaped for use as the text of an element or as a double-quoted attribute value.
/// Control characters and bytes that are not UTF-8 become U+FFFD.
std::string html_text(const std::string& text);

/// A table with one column for each name that occurs in the rows. Numbers are right-aligned and
/// shown with four digits; a tooltip shows all digits.
std::string html_table(const run::Rows& rows);

/// Names and values in two columns.
std::string html_list(const std::vector<std::pair<std::string, std::string>>& entries);

/// A picture embedded in the page. type: "image/svg+xml" or "image/png".
std::string html_picture(const std::string& type, const std::string& bytes,
                         const std::string& caption);

/// A complete page with this body.
std::string html_page(const std::string& title, const std::string& body);

}  // namespace hfc::host
