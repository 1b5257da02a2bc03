// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "rest/http.h"

namespace imprint::server {

/// One file of the dashboard as built.
struct DashboardFile {
  std::string_view path;  ///< "index.html", "assets/index-B1x2.js"
  std::string_view bytes;
};

/// The files that are embedded in the binary (web/CMakeLists.txt).
std::span<const DashboardFile> dashboard_files();

/// Serves the dashboard's files to browsers at /ui/. They are compressed once, and their headers
/// allow a page to load only these files and to connect only to this server. Immutable.
class Dashboard {
 public:
  explicit Dashboard(std::span<const DashboardFile> files);

  /// True for requests that the dashboard answers; from a browser also for `/`.
  [[nodiscard]] static bool serves(const rest::HttpRequest& request);
  [[nodiscard]] rest::HttpResponse answer(const rest::HttpRequest& request) const;

 private:
  struct File {
    std::string content_type;
    std::string etag;
    std::string body;
    std::string gzipped;  ///< empty if compression does not make it smaller
    bool is_immutable;    ///< its name changes with its content
  };
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace imprint::server
