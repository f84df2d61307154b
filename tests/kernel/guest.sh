#!/bin/busybox sh
# SPDX-License-Identifier: ISC
# shellcheck shell=dash
# The first process of the emulated machine: runs the tests, switches it off.
/bin/busybox --install -s /bin 2>/dev/null
export PATH=/usr/bin:/bin CMOCKA_MESSAGE_OUTPUT=TAP
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
stty -F /dev/ttyS1 raw
exec /bin/sh /usr/bin/tests.sh >/dev/ttyS1 2>&1
