# simulator/: a carrier to try things against; may include base, smpp, net and session.
LIBS_simulator = src/libsimulator.a src/libsession.a src/libsmpp.a $(LIBS_net) -lm
noinst_LIBRARIES += src/libsimulator.a
src_libsimulator_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libsimulator_a_SOURCES = \
	src/simulator/simulator.h src/simulator/simulator.c src/simulator/impl.h \
	src/simulator/peer.c src/simulator/submit.c src/simulator/errand.c src/simulator/kept.h src/simulator/kept.c src/simulator/dispatch.c src/simulator/inbound.c \
	src/simulator/delivery.h src/simulator/delivery.c \
	src/simulator/outcomes.h src/simulator/outcomes.c \
	src/simulator/faults.h src/simulator/faults.c \
	src/simulator/messageid.h src/simulator/messageid.c \
	src/simulator/journal.h src/simulator/journal.c \
	src/simulator/number.h src/simulator/number.c \
	src/simulator/control.h src/simulator/control.c \
	src/simulator/console.h src/simulator/console.c \
	src/simulator/options.h src/simulator/options.c \
	src/simulator/program.h src/simulator/program.c
bin_PROGRAMS += src/simulator/tessera-smsc
src_simulator_tessera_smsc_SOURCES = src/simulator/main.c
src_simulator_tessera_smsc_CPPFLAGS = $(AM_CPPFLAGS)
src_simulator_tessera_smsc_LDADD = $(LIBS_simulator)
