"""The settings of a breaker, a pool and a lockout, as parts of a program's own configuration."""

from pathlib import Path

import pytest

from pepperpy.infra import (
    BaseConfig,
    CircuitBreakerConfig,
    ConfigError,
    ConfigRegistry,
    ConnectionPoolConfig,
    Lockout,
)


class Service(BaseConfig):
    breaker: CircuitBreakerConfig = CircuitBreakerConfig(failure_threshold=3)
    pool: ConnectionPoolConfig = ConnectionPoolConfig()
    lockout: Lockout = Lockout()


def registry(folder: Path, text: str, **environ: str) -> ConfigRegistry:
    file = folder / "pepperpy.toml"
    file.write_text(text, "utf-8")
    made = ConfigRegistry(file=file, profile=None, dotenv=None, environ=environ)
    made.register("service", Service)
    return made


def test_they_come_from_file_and_environment_leaf_by_leaf(tmp_path: Path) -> None:
    text = (
        "[service.breaker]\nrecovery_timeout = 1.5\n[service.pool]\nmin_size = 2\n"
        "[service.lockout]\nmax_failures = 3\n"
    )

    config = registry(tmp_path, text, PEPPERPY_SERVICE_POOL__MAX_SIZE="7").get_config("service")

    assert config.breaker == CircuitBreakerConfig(failure_threshold=3, recovery_timeout=1.5)
    assert config.pool == ConnectionPoolConfig(min_size=2, max_size=7)
    assert config.lockout == Lockout(max_failures=3)


def test_what_they_refuse_is_an_error_of_the_configuration_with_its_place(tmp_path: Path) -> None:
    text = "[service.breaker]\nfailure_threshold = 0\n"

    with pytest.raises(ConfigError, match=r"breaker: .*pepperpy\.toml:1"):
        registry(tmp_path, text).get_config("service")


@pytest.mark.filterwarnings("default")
def test_a_field_that_they_do_not_have_is_a_warning_with_the_nearest(tmp_path: Path) -> None:
    text = "[service.pool]\nmax_sice = 7\n"

    with pytest.warns(UserWarning, match="did you mean 'max_size'"):
        registry(tmp_path, text).get_config("service")
