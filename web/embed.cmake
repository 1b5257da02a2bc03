# SPDX-License-Identifier: Apache-2.0
#
# cmake -DFOLDER=dist -DOUT=dashboard_files.cc -P embed.cmake: every file of a folder as an array of bytes.

file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT files)
set(arrays "")
set(rows "")
set(number 0)
foreach(file ${files})
  string(APPEND arrays "constexpr char kFile${number}[] = {\n#embed \"${FOLDER}/${file}\"\n};\n")
  string(APPEND rows "    {\"${file}\", {kFile${number}, sizeof(kFile${number})}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "// SPDX-License-Identifier: Apache-2.0
#include \"server/dashboard.h\"

namespace imprint::server {

namespace {

${arrays}
constexpr DashboardFile kFiles[] = {
${rows}};

}  // namespace

std::span<const DashboardFile> dashboard_files() { return kFiles; }

}  // namespace imprint::server
")
