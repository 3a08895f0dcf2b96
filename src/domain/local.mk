noinst_LIBRARIES += src/libdomain.a
src_libdomain_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libdomain_a_SOURCES = \
	src/domain/adaptive.h src/domain/adaptive.c \
	src/domain/clocks.h src/domain/clocks.c \
	src/domain/consent.h src/domain/consent.c \
	src/domain/dial.h src/domain/dial.c \
	src/domain/failures.h src/domain/failures.c \
	src/domain/keyword.h src/domain/keyword.c \
	src/domain/message.h src/domain/message.c \
	src/domain/number.h src/domain/number.c src/domain/number_library.h \
	src/domain/numbering.h src/domain/numbering.c \
	src/domain/posix_tz.h src/domain/posix_tz.c \
	src/domain/prefixes.h src/domain/prefixes.c \
	src/domain/quiet.h src/domain/quiet.c \
	src/domain/quiet_table.h src/domain/quiet_table.c \
	src/domain/retry.h src/domain/retry.c \
	src/domain/route.h src/domain/route.c \
	src/domain/sender.h src/domain/sender.c \
	src/domain/table.h src/domain/table.c \
	src/domain/template.h src/domain/template.c \
	src/domain/throttle.h src/domain/throttle.c \
	src/domain/tzif.h src/domain/tzif.c \
	src/domain/vote.h src/domain/vote.c \
	src/domain/zone.h src/domain/zone.c
# C++, yet only this file: what is linked with the library is C and gets -lstdc++ from LIBPHONENUMBER_LIBS.
if HAVE_LIBPHONENUMBER
src_libdomain_a_SOURCES += src/domain/number_library.cc
endif
