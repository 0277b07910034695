# SPDX-License-Identifier: BSD-2-Clause
# The Debian package: built, checked, built again, and its life beside an MTA.

set(debs ${CMAKE_CURRENT_BINARY_DIR}/deb)

# deb_test(NAME SECONDS COMMAND...) runs the COMMAND when `debs` is filled.
function(deb_test name seconds)
    add_test(NAME package/${name} COMMAND ${ARGN})
    set_tests_properties(package/${name} PROPERTIES
        LABELS package TIMEOUT ${seconds} FIXTURES_REQUIRED deb)
endfunction()

add_test(NAME package/deb_built
         COMMAND ${PROJECT_SOURCE_DIR}/contrib/deb/build ${debs})
set_tests_properties(package/deb_built PROPERTIES
    LABELS package TIMEOUT 900 FIXTURES_SETUP deb PROCESSORS 2)
deb_test(deb_lint 120 ${CMAKE_CURRENT_SOURCE_DIR}/deb_lint ${debs})
deb_test(deb_contents 120 ${CMAKE_CURRENT_SOURCE_DIR}/deb_contents ${debs})
deb_test(deb_same 600 ${CMAKE_CURRENT_SOURCE_DIR}/deb_same ${debs})
set_tests_properties(package/deb_same PROPERTIES PROCESSORS 2)

foreach(mta postfix sendmail)
    deb_test(deb_${mta} 900
             ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/deb ${debs}
             ${mta})
    set(environment PYTHONDONTWRITEBYTECODE=1
                    PYTHONPATH=${PROJECT_SOURCE_DIR}/t/lab)
    set_tests_properties(package/deb_${mta} PROPERTIES
        RUN_SERIAL ON ENVIRONMENT "${environment}")
endforeach()
