# SPDX-License-Identifier: BSD-2-Clause
# Where things are installed, and the configuration file the daemon reads when
# it is not told another.

# The manual says /etc/bonafide, so both usual prefixes mean it. Any other
# prefix keeps its configuration below itself, but /opt/NAME in /etc/opt/NAME.
if(CMAKE_INSTALL_PREFIX MATCHES "^/usr(/local)?/?$")
    set(CMAKE_INSTALL_SYSCONFDIR /etc CACHE PATH "Configuration (/etc)")
endif()
include(GNUInstallDirs)

set(BONAFIDE_CONFIG_DIR ${CMAKE_INSTALL_FULL_SYSCONFDIR}/bonafide)
set(BONAFIDE_CONFIG_FILE ${BONAFIDE_CONFIG_DIR}/bonafide.yaml)
