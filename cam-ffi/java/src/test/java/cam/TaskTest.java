package cam;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Tasks by name. */
class TaskTest {
    @Test
    void tasksAreListed() {
        assertTrue(Cam.tasks().contains("\"id\":\"spend_independence\""));
    }

    @Test
    void aTaskIsDoneByItsName() {
        try (Summary summary = Data.calibration()) {
            Answer answer = Answer.of("spend_independence", summary, null);
            assertTrue(answer.json().contains("\"pearson\":0.11"), answer.json());
            assertTrue(answer.columns().isEmpty());
            assertThrows(IllegalArgumentException.class, () -> answer.column("pearson"));
        }
    }

    @Test
    void aPosteriorIsDrawnAndAsked() {
        try (Summary summary = Data.calibration()) {
            Answer drawn = Answer.of("pareto_nbd_hb", summary, "{\"draws\": 10, \"burn_in\": 20, \"chains\": 2}");
            assertThrows(IllegalArgumentException.class, () -> drawn.json("draws"));
            String posterior = drawn.json("posterior");
            Answer answer = Answer.of("posterior_predict", summary, "{\"posterior\": " + posterior + ", \"horizon\": 39}");
            assertEquals(7, answer.columns().size());
            for (double alive : answer.column("probability_alive")) {
                assertTrue(alive > 0 && alive <= 1);
            }
        }
    }

    @Test
    void aMemberOfAnObjectIsFoundAsItStandsThere() {
        String object = "{\"a\":\"b\\\",\\\"c\\\":1\",\"list\":[{\"c\":[1,2]},\"}\"],\"c\":-1.5e-7,\"d\":{\"e\":null}}";
        assertEquals("\"b\\\",\\\"c\\\":1\"", Json.member(object, "a"));
        assertEquals("[{\"c\":[1,2]},\"}\"]", Json.member(object, "list"));
        assertEquals("-1.5e-7", Json.member(object, "c"));
        assertEquals("{\"e\":null}", Json.member(object, "d"));
        assertNull(Json.member(object, "e"));
        assertNull(Json.member("{}", "a"));
    }

    /** Two customers, of January and of February 1970. */
    @Test
    void aCohortTableIsMadeOfColumns() {
        try (Table log = Table.builder()
                .column("customer", 1, 2, 1, 1)
                .column("time", 3, 40, 35, 36)
                .column("amount", 20, 10, 40, -5)
                .build()) {
            Answer answer = Answer.of("cohort_table", log, "{\"amount\": \"amount\"}");
            assertEquals("{\"cohorts\":2,\"customers\":2}", answer.json());
            assertArrayEquals(new double[] {1, 1, 1}, answer.column("retention"));
            assertArrayEquals(new double[] {20, 35, 10}, answer.column("revenue"));
            CamException step =
                    assertThrows(CamException.class, () -> Answer.of("cohort_table", log, "{\"step\": \"none\"}"));
            assertEquals("invalid_parameter", step.kind());
        }
    }

    @Test
    void aBadCallIsToldWhatThereIs() {
        try (Summary summary = Data.calibration()) {
            CamException name = assertThrows(CamException.class, () -> Answer.of("spend", summary, null));
            assertEquals("unknown_name", name.kind());
            assertTrue(name.getMessage().contains("spend_independence"));
            CamException option =
                    assertThrows(CamException.class, () -> Answer.of("spend_independence", summary, "{\"by\": 1}"));
            assertEquals("unknown_name", option.kind());
            CamException column =
                    assertThrows(CamException.class, () -> Answer.of("spend_independence", null, "{}"));
            assertEquals("invalid_shape", column.kind());
        }
    }

    @Test
    void aControlStopsATaskAndModelsAreHeld() {
        try (Summary summary = Data.calibration();
                Model model = Model.fromParameters("bg_nbd", "D", .24, 4.4, .79, 2.4);
                Control control = new Control()) {
            control.cancel();
            CamException stopped = assertThrows(
                    CamException.class, () -> Answer.of("spend_independence", summary, null, control));
            assertEquals("interrupted", stopped.kind());
            CamException unit = assertThrows(
                    CamException.class, () -> Answer.of("spend_independence", summary, null, model));
            assertEquals("invalid_parameter", unit.kind());
            assertTrue(unit.getMessage().contains("week"));
        }
    }
}
