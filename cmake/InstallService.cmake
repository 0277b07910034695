# SPDX-License-Identifier: BSD-2-Clause
# Installs what starts the daemon with the system. A service file names the
# program where it is installed.

set(BONAFIDE_UNIT_DIR ${CMAKE_INSTALL_PREFIX}/lib/systemd/system CACHE PATH
    "Where systemd's units go")

# install_service(FILE DIRECTORY NAME) installs contrib/FILE; more arguments go
# to install(FILES).
function(install_service file directory name)
    set(made ${PROJECT_BINARY_DIR}/contrib/${file})
    file(READ ${PROJECT_SOURCE_DIR}/contrib/${file} text)
    string(REPLACE /usr/sbin/bonafided
           ${CMAKE_INSTALL_FULL_SBINDIR}/bonafided text "${text}")
    file(CONFIGURE OUTPUT ${made} CONTENT "${text}" @ONLY)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                 ${PROJECT_SOURCE_DIR}/contrib/${file})
    install(FILES ${made} DESTINATION ${directory} RENAME ${name} ${ARGN})
endfunction()

if(CMAKE_SYSTEM_NAME STREQUAL Linux)
    install_service(systemd/bonafide.service ${BONAFIDE_UNIT_DIR}
                    bonafide.service)
    install_service(systemd/bonafide.sysusers
                    ${CMAKE_INSTALL_PREFIX}/lib/sysusers.d bonafide.conf)
    install_service(systemd/bonafide.tmpfiles
                    ${CMAKE_INSTALL_PREFIX}/lib/tmpfiles.d bonafide.conf)
endif()
