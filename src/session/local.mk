# session/: the SMPP session as a state machine without I/O; may include base and smpp.
noinst_LIBRARIES += src/libsession.a
src_libsession_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libsession_a_SOURCES = \
	src/session/session.h src/session/session.c \
	src/session/state.h src/session/state.c \
	src/session/input.c src/session/names.c \
	src/session/window.h src/session/window.c \
	src/session/rules.h src/session/rules.c
