// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "rest/http.h"

namespace imprint::server {

/// One file of the dashboard as its build left it.
struct DashboardFile {
  std::string_view path;  ///< "index.html", "assets/index-B1x2.js"
  std::string_view bytes;
};

/// Those that are inside the binary (web/CMakeLists.txt).
std::span<const DashboardFile> dashboard_files();

/// What browsers get at /ui/: the dashboard's files, compressed once, with headers that let a page
/// load nothing but these and talk to nobody but this server. Immutable.
class Dashboard {
 public:
  explicit Dashboard(std::span<const DashboardFile> files);

  /// True for a target that belongs here; `/` does for a browser.
  [[nodiscard]] static bool serves(const rest::HttpRequest& request);
  [[nodiscard]] rest::HttpResponse answer(const rest::HttpRequest& request) const;

 private:
  struct File {
    std::string content_type;
    std::string etag;
    std::string body;
    std::string gzipped;  ///< empty where it gains nothing
    bool is_immutable;    ///< its name changes with its content
  };
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace imprint::server
