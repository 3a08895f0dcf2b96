// The npm client at the same work as session_client: node npm_client.mjs PORT WINDOW MILLISECONDS; prints responses a second.
import smpp from 'smpp';

const [port, window, ms] = process.argv.slice(2).map(Number);
const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` }, () => {
  session.bind_transceiver({ system_id: 'npm', password: '' }, () => {
    let responses = 0;
    const began = process.hrtime.bigint();
    const submit = () => session.submit_sm({
      source_addr_ton: 5, source_addr: 'TESSERA', dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '447700900123',
      registered_delivery: 1, short_message: 'Your parcel is on its way and arrives between 10:00 and 12:00',
    }, () => { responses++; submit(); });
    for (let i = 0; i < window; i++) submit();
    setTimeout(() => {
      console.log(Math.round(responses * 1e9 / Number(process.hrtime.bigint() - began)));
      process.exit(0);
    }, ms);
  });
});
