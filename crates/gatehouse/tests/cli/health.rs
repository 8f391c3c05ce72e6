//! What a supervisor asks.

use tempfile::TempDir;
use test_support::servers::{GatehouseProcess, free_port, get};
use test_support::wait_until;

#[test]
fn how_the_service_is_can_be_asked_at_an_address_of_its_own_and_nowhere_else() {
    let folder = TempDir::new().unwrap();
    let apart = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
    let serve = GatehouseProcess::serve(&folder.path().join("data")).ready_when(None);
    let service = serve.env("GATEHOUSE_NETWORK__HEALTH_LISTEN", apart.to_string()).start();
    wait_until("readiness", std::time::Duration::from_secs(60), || get(apart, "/readyz").is_some_and(|(status, _)| status == 200));
    let status = |address, path| get(address, path).unwrap().0;
    let (answered, metrics) = get(apart, "/metrics").unwrap();
    assert!(answered == 200 && metrics.contains("gatehouse_log_head_position"), "{metrics}");
    assert_eq!(["/livez", "/readyz", "/metrics"].map(|path| status(service.address(), path)), [404; 3]);
    assert_eq!((status(service.address(), "/v1/openapi.json"), status(apart, "/v1/openapi.json")), (200, 404));
    assert!(service.terminate().success());
}
