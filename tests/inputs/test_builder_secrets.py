from __future__ import annotations

import json
from pathlib import Path

from demur.inputs.builder_file import read_builder

SHORT = """\
databuilders:
  public/safety/refusal:
    blocks:
      - name: instruction_generator
        type: openai
        base_url: "https://bob:hunter2@models.example:8443/v1?key=hunter3"
        api_key: hunter4
        model_id_or_path: some-model
      - name: response_generator
        type: watsonx
        auth_url: "https://bob:hunter6@auth.example/token?key=hunter7"
        api_key: hunter8
        model_id_or_path: other-model
      - name: granite_guardian
        type: validators/ensemble
        guards:
          - {type: validators/policy_judge,
             lm_config: {type: openai, base_url: "http://:hunter5@[::1", model_id_or_path: guard}}
          - {type: validators/wildguard,
             lm_config: {type: azure-openai, base_url: "https://r.example?code=hunter9", api_key: hunter10, model_id_or_path: d}}
"""


def test_a_builders_description_holds_no_secret(tmp_path: Path) -> None:
    """Keys, and what an address holds of user, password and query, stay out of what run.json says of the builder."""
    config = tmp_path / "short.yaml"
    config.write_text(SHORT)
    described = read_builder(config, "ollama", {}).describe()
    assert "hunter" not in json.dumps(described)
    assert described["response_generator"] == {
        "type": "watsonx",
        "auth_url": "https://auth.example/token",
        "model_id_or_path": "other-model",
    }
    assert described["instruction_generator"] == {
        "type": "openai",
        "base_url": "https://models.example:8443/v1",
        "model_id_or_path": "some-model",
    }
